import { afterEach, expect, test } from '@jest/globals';
import OpenAI from 'openai';
import { createQuire, type Quire } from '../../src/index.js';
import type { Settings } from '../../src/settings.js';
import { ModelService, serviceName } from '../../src/llm/service.js';
import { pages } from '../limited-service.js';
import { ManualClock } from '../manual-clock.js';
import { Provider } from '../provider.js';
import { SILENT } from '../silent.js';
import { inSimulatedTime, SimulatedService } from '../simulated-service.js';

/** Quires of one process, and the model services they share or do not share. */

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

async function newProvider(): Promise<Provider> {
  const provider = await Provider.start({ read: () => [] });
  closing.push(provider);
  return provider;
}

async function quireAt(
  provider: Provider,
  callsAtOnce: number,
  apiKey = 'one key',
  settings: Partial<Settings> = {},
): Promise<Quire> {
  const quire = await createQuire({
    openai: new OpenAI({ apiKey, baseURL: provider.baseURL }),
    model: 'test-model',
    plan: { path: 'batch', batchSize: 1, maxWorkers: 20 },
    logger: SILENT,
    settings: { LLM_MAX_CONCURRENCY: callsAtOnce, ...settings },
  });
  closing.push(quire);
  return quire;
}

const mostAtOnce = ({ calls }: Provider) => Math.max(...calls.map(({ concurrent }) => concurrent));
const PAGES = 42;
const readAll = (...quires: Quire[]) => Promise.all(quires.map((quire) => quire.processPages(pages(PAGES))));

/** Answers the next calls in groups: of each, none before all have come. */
function answerInGroups(provider: Provider, of: number, quires = 1): void {
  const before = provider.calls.length;
  const last = before + quires * PAGES;
  provider.behaviour.delay = (_call, index) => {
    const group = Math.floor((index - before) / of) + 1;
    return provider.called(Math.min(last, before + group * of));
  };
}

test('two on one service keep to the smaller of their caps together, until that one is closed', async () => {
  const provider = await newProvider();
  const [three, seven] = [await quireAt(provider, 3), await quireAt(provider, 7)];
  answerInGroups(provider, 3, 2);
  await readAll(three, seven);
  expect(mostAtOnce(provider)).toBe(3);
  await three.close();
  answerInGroups(provider, 7);
  await readAll(seven);
  expect(mostAtOnce(provider)).toBe(7);
});

test('one alone keeps to what all replicas together may have', async () => {
  const provider = await newProvider();
  answerInGroups(provider, 3);
  await readAll(await quireAt(provider, 7, 'one key', { LLM_GLOBAL_CONCURRENCY: 3 }));
  expect(mostAtOnce(provider)).toBe(3);
});

test.each<Partial<Settings>>([{ LLM_REQUESTS_PER_MINUTE: 2 }, { LLM_TOKENS_PER_MINUTE: 1_000 }])(
  'one alone keeps to limits a minute, until it is closed: %j',
  async (limits) => {
    const provider = await newProvider();
    const quire = await quireAt(provider, 7, 'one key', limits);
    const reading = quire.processPages(pages(PAGES));
    await provider.called(1);
    await quire.close();
    await expect(reading).rejects.toThrow('closed');
    expect(provider.calls).toHaveLength(1);
    await readAll(await quireAt(provider, 7));
    expect(provider.calls).toHaveLength(1 + PAGES);
  },
);

test('a service has one name in all processes, which tells nothing of its key', () => {
  const client = (apiKey: string) => new OpenAI({ apiKey, baseURL: 'http://127.0.0.1:1/v1' });
  const name = serviceName(client('one key'), 'a model');
  expect(name).toMatch(/^[0-9a-f]{64}$/);
  expect(serviceName(client('one key'), 'another model')).toBe(name);
  expect(serviceName(client('another key'), 'a model')).not.toBe(name);
  const wrapped = { chat: client('one key').chat };
  expect(serviceName(wrapped as never, 'a model')).toBe('a model');
});

test('two on different services do not slow each other', async () => {
  const [one, other] = [await newProvider(), await newProvider()];
  answerInGroups(one, 3);
  answerInGroups(other, 7);
  await readAll(await quireAt(one, 3), await quireAt(other, 7));
  expect(mostAtOnce(one)).toBe(3);
  expect(mostAtOnce(other)).toBe(7);
});

test('a service is another one with another key', async () => {
  const provider = await newProvider();
  provider.behaviour.delay = (_call, index) => (index < 7 ? provider.called(7) : 0);
  // More than either of them is allowed.
  await readAll(await quireAt(provider, 4), await quireAt(provider, 3, 'another key'));
  expect(mostAtOnce(provider)).toBe(7);
});

test('clients that tell neither address nor key are services of their own', async () => {
  const provider = await newProvider();
  const wrapped = async (callsAtOnce: number) => {
    const { chat } = new OpenAI({ apiKey: 'key', baseURL: provider.baseURL });
    const quire = await createQuire({
      openai: { chat },
      model: 'test-model',
      plan: { path: 'batch', batchSize: 1, maxWorkers: 20 },
      logger: SILENT,
      settings: { LLM_MAX_CONCURRENCY: callsAtOnce },
    });
    closing.push(quire);
    return quire;
  };
  provider.behaviour.delay = (_call, index) => (index < 7 ? provider.called(7) : 0);
  await readAll(await wrapped(4), await wrapped(3));
  expect(mostAtOnce(provider)).toBe(7);
});

test('one that could not be made holds nobody to its cap', async () => {
  const provider = await newProvider();
  const registry = {
    getSingleMetric: () => ({}),
    registerMetric: () => undefined,
    removeSingleMetric: () => undefined,
  };
  const options = {
    openai: new OpenAI({ apiKey: 'one key', baseURL: provider.baseURL }),
    model: 'test-model',
  };
  await expect(
    createQuire({ ...options, registry, settings: { LLM_MAX_CONCURRENCY: 1 } }),
  ).rejects.toMatchObject({ name: 'SettingsError' });
  answerInGroups(provider, 7);
  await readAll(await quireAt(provider, 7));
  expect(mostAtOnce(provider)).toBe(7);
});

test('calls are timed, and tried again, by the clock of their service', async () => {
  const clock = new ManualClock();
  const answering = { firstTokenMs: 400, tokenMs: 0, jitter: 0, requestsPerMinute: 5 };
  const openai = new SimulatedService(clock, answering);
  const service = ModelService.of(openai, clock);
  const plan = { path: 'batch', batchSize: 1, maxWorkers: 20 } as const;
  const quire = await createQuire({ openai, model: 'test-model', plan, logger: SILENT });
  closing.push(quire);
  const record = await inSimulatedTime(clock, quire.processPages(pages(12)));
  expect(record.failed_pages).toEqual([]);
  expect(service.model('test-model').latency.pace?.callMs).toBeCloseTo(400, 6);
});
