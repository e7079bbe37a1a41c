import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { goldenPdf, isGolden, PRINTABLE, readSheet } from '../golden-pdf.js';
import { Host } from '../host.js';
import { Provider } from '../provider.js';
import { newDatabase } from '../shared.js';

/** The host is asked to end (SIGTERM) in the middle of a document. */

let provider: Provider;
let host: Host;
beforeEach(async () => {
  provider = await Provider.start({ read: readSheet });
  host = new Host({
    DATABASE_URL: await newDatabase(),
    OPENAI_API_KEY: 'test',
    OPENAI_MODEL: 'test-model',
    OPENAI_BASE_URL: provider.baseURL,
    QUIRE_PLAN: 'batch 2x3',
    LOG_LEVEL: 'error',
  });
});
afterEach(async () => {
  if (host.isRunning) await host.kill();
  await provider.close();
});

const document = PRINTABLE.find(({ pages }) => Object.keys(pages).length >= 10);

async function uploadUntilCalled(calls: number, graceMs: number) {
  if (!document) throw new Error('No golden document is long enough');
  await host.start({ SHUTDOWN_GRACE_MS: String(graceMs) });
  const { id } = await host.upload(await goldenPdf(document, 'shutdown'));
  await provider.called(calls);
  return { id, document };
}

test('calls under way end, no others start, and none of their pages is asked about again', async () => {
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  provider.behaviour.delay = () => answered;
  const { id, document } = await uploadUntilCalled(3, 60_000);
  const ending = host.stop();
  while (await host.fetch('/about').catch(() => undefined)) await sleep(20);
  await expect(host.upload(await goldenPdf(document, 'late'))).rejects.toThrow();
  answer();
  expect(await ending).toBe(0);
  expect(provider.calls).toHaveLength(3);
  delete provider.behaviour.delay;
  await host.start();
  expect(isGolden((await host.finished(id)).result?.documents[0], document)).toBe(true);
  const asked = provider.calls.flatMap(({ pages }) => pages.map(({ text }) => text));
  expect(new Set(asked).size).toBe(asked.length);
});

test('calls that do not end in time are given back, and made again at the next start', async () => {
  provider.behaviour.fault = () => 'silence';
  const { id, document } = await uploadUntilCalled(3, 1_000);
  expect(await host.stop()).toBe(0);
  delete provider.behaviour.fault;
  await host.start();
  expect(isGolden((await host.finished(id)).result?.documents[0], document)).toBe(true);
});
