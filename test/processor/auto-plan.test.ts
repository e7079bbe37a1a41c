import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { OpenAI } from 'openai';
import { createQuire, type Quire, type QuireOptions } from '../../src/index.js';
import type { Model } from '../../src/llm/request.js';
import { ModelService } from '../../src/llm/service.js';
import { autoPlan } from '../../src/processor/auto-plan.js';
import { formatPlan, parsePlanChoice, type AutoPlan } from '../../src/processor/plan.js';
import { makespan } from '../../src/processor/schedule.js';
import { BATCH_FLAG, flagClient } from '../flag-client.js';
import { GOLDEN, goldenPart, goldenReader } from '../golden.js';
import { Provider } from '../provider.js';
import { seeded } from '../random.js';

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
  const { latency } = ModelService.of(model.client).model(model.name);
  for (let index = 0; index < 40; index++) {
    const pages = 1 + (index % 3);
    const ms = callMs + pageMs * pages;
    latency.observe({ pages, announcedTokens: 5_000 * pages, answerTokens: TOKENS_A_PAGE * pages, ms });
  }
  return model;
}

/** Tells the model's limits that so many requests are allowed in a minute, and none are left. */
function limitRequests(model: Model, limit: number): void {
  const { limits } = ModelService.of(model.client).model(model.name);
  const ticket = limits.take({ requests: 1, tokens: 1 });
  const told = { limit, remaining: 0, reset: '60s' };
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
    expect(formatPlan(autoPlan(unmeasured(), { ...AUTO, maxWorkers }, 100))).toBe(plan);
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
    autoPlan(measured(pace), { ...AUTO, maxWorkers }, pages).batchSize;

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
      expect(autoPlan(model, choice)).toEqual(autoPlan(model, choice, 10));
    }
    expect(autoPlan(model, { ...AUTO, maxWorkers: 4 })).not.toEqual(
      autoPlan(model, { ...AUTO, maxWorkers: 4 }, 4),
    );
  });

  test('no plan is expected to be more than 5 % slower than calls of one page with as many workers', () => {
    const random = seeded(20_261_125);
    for (let round = 0; round < 300; round++) {
      const pace = { callMs: random() * 5_000, pageMs: random() * 3_000 };
      const pages = 1 + Math.floor(random() * 60);
      const workers = 1 + Math.floor(random() * 20);
      const { batchSize } = autoPlan(measured(pace), { ...AUTO, maxWorkers: workers }, pages);
      const timeOf = (size: number) => {
        const calls = Math.ceil(pages / size);
        return makespan(new Array<number>(calls).fill(pace.callMs + (pace.pageMs * pages) / calls), workers);
      };
      expect(timeOf(batchSize)).toBeLessThanOrEqual(1.0501 * timeOf(1));
    }
  });

  test('a tight limit of requests makes batches larger', () => {
    const model = measured({ callMs: 0, pageMs: 2_000 });
    expect(autoPlan(model, AUTO, 20).batchSize).toBe(1);
    limitRequests(model, 20);
    expect(autoPlan(model, AUTO, 20).batchSize).toBe(5);
  });

  test('the output budget caps the size', () => {
    expect(sizeFor({ callMs: 2_000, pageMs: 0, output: 12_000 }, 40, 5)).toBe(3);
    expect(sizeFor({ callMs: 2_000, pageMs: 0, output: 7_999 }, 40, 5)).toBe(1);
    expect(sizeFor({ callMs: 2_000, pageMs: 0, output: 1_000 }, 40, 5)).toBe(1);
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
