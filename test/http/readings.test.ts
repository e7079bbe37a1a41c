import { afterEach, expect, test } from '@jest/globals';
import type { KeptReading, KeptReadings } from '../../src/api/readings.js';
import type { DocumentRecord, Logger } from '../../src/index.js';
import { streamed } from '../event-stream.js';
import { BATCH_FLAG, flagClient, SHADOW_FLAG } from '../flag-client.js';
import { makePdf } from '../pdf-fixtures.js';
import { until } from '../until.js';
import { mount, type Mounted } from '../watched-documents.js';

/** The readings of a document, as they come to be. */

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const PDF = makePdf(
  [1, 2].map((page) => ({
    texts: [{ text: `ACCOUNT NUMBER: 12345678 Sheet ${page}`, x: 20, y: 20, size: 12 }],
  })),
);

async function readingsOf({ base }: Mounted, id: string): Promise<KeptReading[]> {
  const response = await fetch(`${base}/api/document/${id}/readings`);
  return ((await response.json()) as KeptReadings).readings;
}

async function branchOf({ base }: Mounted, id: string, reading: string): Promise<unknown> {
  const response = await fetch(`${base}/api/document/${id}/readings/${reading}`);
  if (!response.ok) return response.status;
  const { record } = (await response.json()) as { record: DocumentRecord };
  return record.accounts[0]?.result.Branch;
}

test('a retry leaves what was shown before beside what is shown now', async () => {
  let isAway = true;
  const host = await mount(
    {
      fault: ({ pages }) =>
        isAway && pages.some(({ text }) => text.includes('Sheet 2')) ? 'refusal' : undefined,
      read: ({ text }) => [
        { name: 'Branch', value: text.includes('Sheet 2') ? 'Harbor' : 'Mill', confidence: text.length },
      ],
    },
    { plan: { path: 'single-page' }, settings: { LLM_PAGE_ATTEMPTS: 1 } },
  );
  closing.push(() => host.close());
  const id = await host.upload(await PDF);
  await streamed(host.of(id));
  const [first] = await readingsOf(host, id);
  expect(first).toEqual({ number: 1, kind: 'current', plan: 'single-page', kept_at: expect.any(String) });
  isAway = false;
  await fetch(`${host.base}/api/document/${id}/retry`, { method: 'POST' });
  const both = await until('the second reading', async () => {
    const readings = await readingsOf(host, id);
    return readings.length > 1 && readings;
  });
  expect(both).toEqual([
    { number: 2, kind: 'current', plan: 'single-page', kept_at: expect.any(String) },
    { ...first, kind: 'served' },
  ]);
  expect(await branchOf(host, id, '1/served')).toMatchObject({ value: 'Mill' });
  expect(await branchOf(host, id, '2/current')).toMatchObject({
    value: expect.stringMatching(/Mill|Harbor/),
  });
  for (const none of ['1/current', '2/served', '1/shadow', 'x/served', '1/other']) {
    expect(await branchOf(host, id, none)).toBe(404);
  }
});

test('the other path of a shadow is kept with the document, and its values are nowhere else', async () => {
  const logged: string[] = [];
  const log = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const logger: Logger = { info: log, warn: log, error: log };
  const host = await mount(
    {
      read: (_page, { pages }) => [
        { name: 'Branch', value: pages.length > 1 ? 'of the batch' : 'of the page', confidence: 90 },
      ],
    },
    {
      plan: undefined,
      unleash: await flagClient({ name: BATCH_FLAG }, { name: SHADOW_FLAG }),
      logger,
      settings: { SHADOW_NOISE_SHARE: 0, LLM_PRICES: { 'test-model': { input: 3, output: 15 } } },
    },
  );
  closing.push(() => host.close());
  const id = await host.upload(await PDF);
  await streamed(host.of(id));
  const readings = await until('the shadow', async () => {
    const kept = await readingsOf(host, id);
    return kept.length > 1 && kept;
  });
  expect(readings.map(({ number, kind, plan }) => [number, kind, plan])).toEqual([
    [1, 'current', expect.stringContaining('batch')],
    [1, 'shadow', 'single-page'],
  ]);
  expect(await branchOf(host, id, '1/current')).toMatchObject({ value: 'of the batch' });
  expect(await branchOf(host, id, '1/shadow')).toMatchObject({ value: 'of the page' });
  const others = ['/ops/shadow', '/ops/documents', `/api/document/${id}`, `/api/document/${id}/evidence`];
  const told = await Promise.all(others.map(async (path) => (await fetch(host.base + path)).text()));
  expect([...told, ...logged].filter((text) => text.includes('of the page'))).toEqual([]);
  await fetch(`${host.base}/api/document/${id}/delete`, { method: 'POST' });
  expect(await branchOf(host, id, '1/shadow')).toBe(404);
});
