import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { measure, quire } from '../bench/measure.js';
import { ProviderProcess } from '../bench/provider-process.js';

/** The bench, on calls that take no time: what it counts must be true before its times can be. */
let provider: ProviderProcess;
const setup = {
  latency: { firstTokenMs: 0, tokenMs: 0, jitter: 0, tailShare: 0, tailFactor: 1 },
  limits: null,
  cache: 'warm' as const,
  answers: 'one line' as const,
};

beforeAll(async () => {
  provider = await new ProviderProcess().started();
});

afterAll(() => provider.stop());

const SHAPE = { scenario: '40 pages, 12 accounts' };

test('batches give the golden records in fewer calls, the plan as first written gives others', async () => {
  const batches = quire('', { path: 'batch', batchSize: 2, maxWorkers: 3 });
  const asPlanned = await measure(provider, batches, SHAPE, setup, 40);
  expect(asPlanned.identical).toBe('100 %');
  expect(asPlanned.calls).toBeLessThan(40);
  expect(asPlanned.cachedTokens).toBeGreaterThanOrEqual(1_024 * asPlanned.calls);
  const firstPlan = { firstPlan: { batchSize: 2, maxWorkers: 3 } };
  const asWritten = await measure(provider, { name: '', path: firstPlan, workers: 3 }, SHAPE, setup, 40);
  expect(asWritten.identical).toBe('0 %');
});
