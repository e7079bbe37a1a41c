import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Field } from '../../src/llm/wire.js';
import type { AnswerCache } from '../../src/processor/answers.js';
import type { TextSource } from '../../src/stages/pipeline.js';
import {
  ACCOUNTS,
  batches,
  content,
  documentOf,
  documentsKeepTheirRecords,
  known,
  oneByOne,
  Reader,
  run,
  SINGLE,
} from '../pages-coming.js';
import { seeded } from '../random.js';

/** Pages of a scanned document are asked about while others are still read: nothing but the time may change by it. */

// `test:all` tries 5,000.
test('of 300 documents, accounts and records are those of the whole, in no more calls, whatever the order of reading', () =>
  documentsKeepTheirRecords(300));

const inOrder = (calls: readonly number[][]) => calls.map((pages) => pages.join()).sort();

test('which pages are asked about together depends on the document, not on when each page was read', async () => {
  const random = seeded(17);
  for (let round = 0; round < 200; round++) {
    const texts = documentOf(random);
    const first = await run(batches(3), oneByOne(texts, seeded(round)));
    const second = await run(batches(3), oneByOne(texts, seeded(round + 1_000)));
    expect(inOrder(second.calls)).toEqual(inOrder(first.calls));
  }
});

const SCANS = new Map([1, 2, 3, 4].map((page) => [page, `${ACCOUNTS[0]}\nBranch: sheet ${page} of many`]));

test.each([SINGLE, batches(2)])('calls are made while pages are still read, %j', async (plan) => {
  const reader = new Reader();
  const source: TextSource = async (_signal, onPage) => {
    for (const [page, text] of SCANS) {
      onPage({ totalPages: SCANS.size, page, by: 'ocr', text, waited: true });
      while (page === 3 && reader.calls.length === 0) await setImmediate();
    }
    return known(SCANS);
  };
  const { record } = await run(plan, source, { reader });
  expect(Object.keys(record.accounts[0]?.page_data ?? {})).toEqual(['1', '2', '3', '4']);
});

test('page by page, no call begins before the one before has ended', async () => {
  const reader = new Reader();
  await run(SINGLE, oneByOne(SCANS, seeded(1)), { reader });
  expect(reader.calls).toEqual([[1], [2], [3], [4]]);
  expect(reader.mostAtOnce).toBe(1);
});

test.each([SINGLE, batches(2)])(
  'an answer that cannot be kept ends the reading at once, %j',
  async (plan) => {
    const gone = new Error('The store is gone');
    const answers = {
      find: () => Promise.resolve(new Map<string, never>()),
      keep: () => Promise.reject(gone),
    };
    const endless: TextSource = (signal, onPage) => {
      for (const [page, text] of SCANS) onPage({ totalPages: 5, page, by: 'ocr', text, waited: true });
      return new Promise((_, broken) =>
        signal.addEventListener('abort', () => broken(signal.reason as Error)),
      );
    };
    await expect(run(plan, endless, { answers })).rejects.toBe(gone);
  },
);

test('what was answered before is not asked again', async () => {
  const kept = new Map<string, Field[]>();
  const answers: AnswerCache = {
    find: (keys) => Promise.resolve(new Map([...kept].filter(([key]) => keys.includes(key)))),
    keep: (all) => Promise.resolve(all.forEach(({ key, fields }) => kept.set(key, fields))),
  };
  const first = await run(batches(2), oneByOne(SCANS, seeded(1)), { answers });
  const again = await run(batches(2), oneByOne(SCANS, seeded(1)), { answers });
  expect([first.calls.length, again.calls.length]).toEqual([2, 0]);
  expect(content(again.record)).toBe(content(first.record));
});
