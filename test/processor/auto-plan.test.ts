import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { OpenAI } from 'openai';
import { createQuire, type DocumentRecord, type Quire, type QuireOptions } from '../../src/index.js';
import type { Latency } from '../../src/llm/latency.js';
import type { RateLimits } from '../../src/llm/rate-limits.js';
import type { Model } from '../../src/llm/request.js';
import { ModelService } from '../../src/llm/service.js';
import { autoPlan } from '../../src/processor/auto-plan.js';
import { evenSizes } from '../../src/processor/batches.js';
import { formatPlan, parsePlanChoice, type AutoPlan } from '../../src/processor/plan.js';
import { makespan } from '../../src/processor/schedule.js';
import { BATCH_FLAG, flagClient } from '../flag-client.js';
import { GOLDEN, goldenPart, goldenReader } from '../golden.js';
import { pages } from '../limited-service.js';
import { ManualClock } from '../manual-clock.js';
import { Provider } from '../provider.js';
import { seeded } from '../random.js';
import { SILENT } from '../silent.js';
import { inSimulatedTime, SimulatedService } from '../simulated-service.js';

/** Batches whose size Quire chooses by what it measured of the model service. */

// The SDK's timers hold up the end of a process whose NODE_ENV is "test", even after it was destroyed.
process.env.NODE_ENV = 'production';

const AUTO: AutoPlan = { path: 'batch', batchSize: 'auto' };

interface Measured {
  callMs: number;
  pageMs: number;
  output?: number;
}

const TOKENS_A_PAGE = 200;

let services = 0;

/** A model of which nothing was measured. */
function unmeasured(output = 40_000): Model {
  return {
    client: new OpenAI({ apiKey: `key ${++services}` }),
    name: 'test-model',
    timeoutMs: 1_000,
    requestDefaults: {},
    outagePatienceMs: 0,
    budget: { input: 128_000, output },
  };
}

/** One whose calls took so long, with answers of different lengths. */
function measured({ callMs, pageMs, output }: Measured): Model {
  const model = unmeasured(output);
  observe(ModelService.of(model.client).model(model.name).latency, { callMs, pageMs });
  return model;
}

function observe(latency: Latency, { callMs, pageMs }: Measured): void {
  for (let index = 0; index < 40; index++) {
    const pages = 1 + (index % 3);
    const ms = callMs + pageMs * pages;
    latency.observe({ pages, announcedTokens: 5_000 * pages, answerTokens: TOKENS_A_PAGE * pages, ms });
  }
}

/** Tells that so many requests are allowed in a minute, and how many of them are left. */
function tellLimit(limits: RateLimits, { limit, remaining }: { limit: number; remaining: number }): void {
  const ticket = limits.take({ requests: 1, tokens: 1 });
  const told = { limit, remaining, reset: `${((limit - remaining) * 60) / limit}s` };
  const named = Object.entries(told).map(([name, value]) => [`x-ratelimit-${name}-requests`, String(value)]);
  limits.update(ticket, new Headers(Object.fromEntries(named) as Record<string, string>), false);
}

describe('before anything was measured', () => {
  test('batches are of 2 pages with 3 workers', () => {
    expect(formatPlan(autoPlan(unmeasured(), AUTO))).toBe('batch 2x3');
  });

  test.each([
    [1, 'batch 2x1'],
    [2, 'batch 2x2'],
    [5, 'batch 2x3'],
  ])('with at most %d workers, it is %s', (maxWorkers, plan) => {
    expect(formatPlan(autoPlan(unmeasured(), { ...AUTO, maxWorkers }, { pages: 100 }))).toBe(plan);
  });

  test('nine calls are too few to count as measured', () => {
    const model = unmeasured();
    const call = { pages: 1, announcedTokens: 5_000, answerTokens: 200, ms: 1_000 };
    const { latency } = ModelService.of(model.client).model(model.name);
    for (let index = 0; index < 9; index++) latency.observe(call);
    expect(formatPlan(autoPlan(model, AUTO))).toBe('batch 2x3');
    latency.observe(call);
    expect(formatPlan(autoPlan(model, AUTO))).not.toBe('batch 2x3');
  });
});

describe('when it was measured', () => {
  const sizeFor = (pace: Measured, pages: number, maxWorkers = 20) =>
    autoPlan(measured(pace), { ...AUTO, maxWorkers }, { pages }).batchSize;

  test('calls that take as long whatever they hold are made large', () => {
    expect(sizeFor({ callMs: 2_000, pageMs: 0 }, 40, 5)).toBe(5);
    expect(sizeFor({ callMs: 2_000, pageMs: 0 }, 5)).toBe(5);
  });

  test('calls whose time is that of their pages are made small', () => {
    expect(sizeFor({ callMs: 0, pageMs: 2_000 }, 10)).toBe(1);
    expect(sizeFor({ callMs: 100, pageMs: 2_000 }, 20)).toBe(1);
  });

  test('as many workers are given as are allowed', () => {
    const model = measured({ callMs: 1_000, pageMs: 1_000 });
    expect(autoPlan(model, AUTO).maxWorkers).toBe(20);
    expect(autoPlan(model, { ...AUTO, maxWorkers: 7 }).maxWorkers).toBe(7);
  });

  test('a document of unknown length is planned like one of 10 pages', () => {
    const model = measured({ callMs: 300, pageMs: 1_000 });
    for (let maxWorkers = 1; maxWorkers <= 10; maxWorkers++) {
      const choice = { ...AUTO, maxWorkers };
      expect(autoPlan(model, choice)).toEqual(autoPlan(model, choice, { pages: 10 }));
    }
    expect(autoPlan(model, { ...AUTO, maxWorkers: 4 })).not.toEqual(
      autoPlan(model, { ...AUTO, maxWorkers: 4 }, { pages: 4 }),
    );
  });

  test('no plan is expected to be more than 5 % slower than calls of one page with as many workers', () => {
    const random = seeded(20_261_125);
    for (let round = 0; round < 300; round++) {
      const pace = { callMs: random() * 5_000, pageMs: random() * 3_000 };
      const pages = 1 + Math.floor(random() * 60);
      const workers = 1 + Math.floor(random() * 20);
      const { batchSize } = autoPlan(measured(pace), { ...AUTO, maxWorkers: workers }, { pages });
      const timeOf = (size: number) => {
        const calls = Math.ceil(pages / size);
        return makespan(new Array<number>(calls).fill(pace.callMs + (pace.pageMs * pages) / calls), workers);
      };
      expect(timeOf(batchSize)).toBeLessThanOrEqual(1.0501 * timeOf(1));
    }
  });

  test('a tight limit of requests makes batches larger', () => {
    const model = measured({ callMs: 0, pageMs: 2_000 });
    expect(autoPlan(model, AUTO, { pages: 20 }).batchSize).toBe(1);
    tellLimit(ModelService.of(model.client).model(model.name).limits, { limit: 20, remaining: 0 });
    expect(autoPlan(model, AUTO, { pages: 20 }).batchSize).toBe(5);
  });

  test('the output budget caps the size', () => {
    expect(sizeFor({ callMs: 2_000, pageMs: 0, output: 12_000 }, 40, 5)).toBe(3);
    expect(sizeFor({ callMs: 2_000, pageMs: 0, output: 7_999 }, 40, 5)).toBe(1);
    expect(sizeFor({ callMs: 2_000, pageMs: 0, output: 1_000 }, 40, 5)).toBe(1);
  });
});

describe('beside other documents in work', () => {
  /** As where time follows the answers. */
  const GENERATION = { callMs: 50, pageMs: 180 };
  const sizeBeside = (model: Model, pages: number, documents: number) =>
    autoPlan(model, AUTO, { pages, documents }).batchSize;

  test.each([
    [5, 1, 1],
    [5, 4, 1],
    [5, 10, 4],
    [40, 1, 2],
    [40, 10, 5],
    [40, 50, 5],
    [40, 500, 5],
  ])('of %d pages, %d at once are asked about %d at a time', (pages, documents, size) => {
    expect(sizeBeside(measured(GENERATION), pages, documents)).toBe(size);
  });

  test('what they share is the calls that the service makes at once', () => {
    const model = measured(GENERATION);
    expect(sizeBeside(model, 5, 2)).toBe(1);
    const uncap = ModelService.of(model.client).cap(4);
    expect(sizeBeside(model, 5, 2)).toBe(4);
    uncap();
  });

  test('they share the rate limits, too', () => {
    const model = measured({ callMs: 0, pageMs: 2_000 });
    expect(sizeBeside(model, 5, 4)).toBe(1);
    const { limits } = ModelService.of(model.client).model(model.name);
    tellLimit(limits, { limit: 60, remaining: 10 });
    expect(sizeBeside(model, 5, 1)).toBe(1);
    expect(sizeBeside(model, 5, 4)).toBe(2);
  });

  test('no plan is expected to take more than 5 % longer for all of them than any other size', () => {
    const random = seeded(20_261_127);
    for (let round = 0; round < 200; round++) {
      const pace = { callMs: random() * 5_000, pageMs: random() * 3_000 };
      const pages = 1 + Math.floor(random() * 20);
      const documents = 1 + Math.floor(random() * 40);
      const timeOf = (size: number) => {
        const calls = evenSizes(pages, Math.ceil(pages / size)).map((of) => pace.callMs + pace.pageMs * of);
        return makespan(
          calls.flatMap((ms) => new Array<number>(documents).fill(ms)),
          20,
        );
      };
      const { batchSize: chosen } = autoPlan(measured(pace), AUTO, { pages, documents });
      for (let size = 1; size <= 5; size++) expect(timeOf(chosen)).toBeLessThanOrEqual(1.0501 * timeOf(size));
    }
  });

  describe('they are counted', () => {
    const TEN = Array.from({ length: 10 }, (_, index) => ({
      ...pages(5),
      1: `Sheet of ACCOUNT NUMBER: ${20_000_000 + index}`,
    }));
    const sizesOf = (records: readonly DocumentRecord[]) =>
      records.map(({ plan }) => (plan.path === 'batch' ? plan.batchSize : plan.path));

    async function readWith(read: (quire: Quire) => Promise<DocumentRecord[]>) {
      const clock = new ManualClock();
      const openai = new SimulatedService(clock, { firstTokenMs: 0, tokenMs: 0, jitter: 0 });
      const { latency } = ModelService.of(openai, clock).model('test-model');
      observe(latency, GENERATION);
      const quire = await createQuire({ openai, model: 'test-model', plan: AUTO, logger: SILENT });
      const records = await inSimulatedTime(clock, read(quire));
      await quire.close();
      return sizesOf(records);
    }

    test('from the moment they come, so that those that come together know of each other', async () => {
      const together = (quire: Quire) => Promise.all(TEN.map((texts) => quire.processPages(texts)));
      expect(await readWith(together)).toEqual(TEN.map(() => 4));
    });

    test('to their end', async () => {
      const oneByOne = async (quire: Quire) => {
        const records: DocumentRecord[] = [];
        for (const texts of TEN.slice(0, 5)) records.push(await quire.processPages(texts));
        return records;
      };
      expect(await readWith(oneByOne)).toEqual([1, 1, 1, 1, 1]);
    });
  });
});

describe('the short form', () => {
  test.each(['batch auto', 'batch autox5'])('"%s" reads back as it was written', (text) => {
    const choice = parsePlanChoice(text);
    expect(choice && formatPlan(choice)).toBe(text);
  });

  test('more workers than there may be are clamped; other words are no plan', () => {
    expect(parsePlanChoice('batch autox99')).toEqual({ ...AUTO, maxWorkers: 20 });
    expect(parsePlanChoice('batch autox0')).toEqual({ ...AUTO, maxWorkers: 1 });
    for (const text of ['auto', 'batch auto5', 'batch automatic', 'single-page auto']) {
      expect(parsePlanChoice(text)).toBeUndefined();
    }
  });
});

describe('a plan that is left to Quire', () => {
  let provider: Provider;
  const quires: Quire[] = [];
  const logged: Record<string, unknown>[] = [];
  beforeAll(async () => {
    const golden = goldenReader(GOLDEN.documents);
    provider = await Provider.start({ read: (page) => (page.text.startsWith('Sheet') ? [] : golden(page)) });
  });
  afterEach(async () => {
    logged.length = 0;
    await Promise.all(quires.splice(0).map((quire) => quire.close()));
  });
  afterAll(() => provider.close());

  async function start(options: QuireOptions, settings: Record<string, string> = {}): Promise<Quire> {
    const before = { ...process.env };
    Object.assign(process.env, settings);
    const log = (fields: object) => void logged.push({ ...fields });
    const logger = { info: log, warn: log, error: log };
    const starting = createQuire({ openai: provider.client(), model: 'test-model', logger, ...options });
    process.env = before;
    const quire = await starting;
    quires.push(quire);
    return quire;
  }

  const read = async (quire: Quire) =>
    (await quire.processPages({ 1: 'Sheet of ACCOUNT NUMBER: 12345678' }, { userId: 'u' })).plan;

  test.each([
    ['{"batchSize": "auto"}', 3],
    ['{"batchSize": "auto", "maxWorkers": 5}', 3],
    ['{"batchSize": "auto", "maxWorkers": 2}', 2],
  ])('by the payload %s is a plan with numbers in the record, by the flag', async (payload, maxWorkers) => {
    const unleash = await flagClient({ name: BATCH_FLAG, payload });
    const quire = await start({ unleash });
    expect(await read(quire)).toEqual({ path: 'batch', batchSize: 2, maxWorkers });
    expect(logged).toContainEqual(expect.objectContaining({ plan: `batch 2x${maxWorkers}`, reason: 'flag' }));
    expect(logged.filter(({ flag }) => flag !== undefined)).toEqual([]);
    unleash.destroy();
  });

  test('by a payload whose size is another word goes page by page', async () => {
    const unleash = await flagClient({ name: BATCH_FLAG, payload: '{"batchSize": "automatic"}' });
    expect(await read(await start({ unleash }))).toEqual({ path: 'single-page' });
    expect(logged).toContainEqual(expect.objectContaining({ reason: 'payload_invalid' }));
    unleash.destroy();
  });

  test('by QUIRE_PLAN="batch auto" is fixed', async () => {
    const quire = await start({}, { QUIRE_PLAN: 'batch auto' });
    expect(quire.fixedPlan).toEqual(AUTO);
    expect(await read(quire)).toEqual({ path: 'batch', batchSize: 2, maxWorkers: 3 });
    expect(logged).toContainEqual(expect.objectContaining({ plan: 'batch 2x3', reason: 'fixed' }));
  });

  test('by the option `plan` wins over QUIRE_PLAN, with its workers clamped', async () => {
    const quire = await start({ plan: { ...AUTO, maxWorkers: 99 } }, { QUIRE_PLAN: 'single-page' });
    expect(quire.fixedPlan).toEqual({ ...AUTO, maxWorkers: 20 });
    expect(await read(quire)).toEqual({ path: 'batch', batchSize: 2, maxWorkers: 3 });
  });

  test('gives the golden records, before and after it was measured', async () => {
    const quire = await start({ plan: { ...AUTO, maxWorkers: 5 } });
    const plans: string[] = [];
    for (const { name, pages, expected } of GOLDEN.documents.slice(0, 12)) {
      const record = await quire.processPages(pages);
      expect(`${name} ${goldenPart(record)}`).toBe(`${name} ${JSON.stringify(expected)}`);
      expect(record.failed_pages).toEqual([]);
      plans.push(formatPlan(record.plan));
    }
    expect(plans[0]).toBe('batch 2x3');
    expect(plans.at(-1)).toMatch(/^batch [1-5]x5$/);
  });
});
