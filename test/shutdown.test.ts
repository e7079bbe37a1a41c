import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { goldenPdf, isGolden, PRINTABLE, readSheet } from './golden-pdf.js';
import { Host } from './host.js';
import { newDataFolder } from './new-data-folder.js';
import { Provider } from './provider.js';

/** The host is asked to end (SIGTERM) in the middle of a document. */

let provider: Provider;
let host: Host;
beforeEach(async () => {
  provider = await Provider.start({ read: readSheet });
  host = new Host({
    QUIRE_DATA_DIR: newDataFolder(),
    OPENAI_API_KEY: 'test',
    OPENAI_MODEL: 'test-model',
    OPENAI_BASE_URL: provider.baseURL,
    QUIRE_PLAN: 'batch 2x3',
    SHUTDOWN_GRACE_MS: '3000',
    LOG_LEVEL: 'error',
  });
  await host.start();
});
afterEach(async () => {
  if (host.isRunning) await host.kill();
  await provider.close();
});

const document = PRINTABLE.find(({ pages }) => Object.keys(pages).length >= 10);

async function uploadUntilCalled(calls: number) {
  if (!document) throw new Error('No golden document is long enough');
  const { id } = await host.upload(await goldenPdf(document, 'shutdown'));
  while (provider.calls.length < calls) await sleep(5);
  return { id, document };
}

test('calls under way end, no others start, and none of their pages is asked about again', async () => {
  provider.behaviour.delay = () => 1_000;
  const { id, document } = await uploadUntilCalled(3);
  const started = performance.now();
  const ending = host.stop();
  await sleep(100);
  await expect(host.upload(await goldenPdf(document, 'late'))).rejects.toThrow();
  expect(await ending).toBe(0);
  expect(performance.now() - started).toBeLessThan(2_500);
  expect(provider.calls).toHaveLength(3);
  delete provider.behaviour.delay;
  await host.start();
  expect(isGolden((await host.finished(id)).result?.documents[0], document)).toBe(true);
  const asked = provider.calls.flatMap(({ pages }) => pages.map(({ text }) => text));
  expect(new Set(asked).size).toBe(asked.length);
});

test('calls that do not end in time are given back, and made again at the next start', async () => {
  provider.behaviour.fault = () => 'silence';
  const { id, document } = await uploadUntilCalled(3);
  const started = performance.now();
  expect(await host.stop()).toBe(0);
  expect(performance.now() - started).toBeGreaterThan(2_900);
  expect(performance.now() - started).toBeLessThan(5_000);
  delete provider.behaviour.fault;
  await host.start();
  expect(isGolden((await host.finished(id)).result?.documents[0], document)).toBe(true);
});
