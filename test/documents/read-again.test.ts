import { expect, test } from '@jest/globals';
import type { ComparedField } from '../../src/comparison/compare.js';
import { keepReadAgain } from '../../src/documents/read-again.js';
import type { DocumentRecord } from '../../src/stages/record.js';
import type { SupportedEvidence } from '../../src/stages/support/support.js';
import type { StoredDocument } from '../../src/store/document.js';
import type { OtherReading } from '../../src/store/readings.js';
import type { Store } from '../../src/store/store.js';
import { SILENT } from '../silent.js';

/** What a shadow's reading says of the support of a document that is kept. */

const RECORD = {
  accounts: [{ accountNumber: '1', result: { Branch: 'Harbor' } }],
} as unknown as DocumentRecord;
const OTHER = { accounts: [] } as unknown as DocumentRecord;
const EVIDENCE: SupportedEvidence[] = [
  { account: '1', fields: {}, support: { Branch: { support: 90, reasons: ['stands'] } } },
];

const field = (control: string | null, candidate: string | null): ComparedField => ({
  scope: 'merged',
  account: '1',
  page: null,
  field: 'Branch',
  control,
  candidate,
  outcome: 'different',
});

/** The reasons of the value afterwards; undefined where nothing was changed. */
async function reasonsAfter(kept: unknown, fields: ComparedField[], evidence = EVIDENCE) {
  let changed: OtherReading | undefined;
  const store: Pick<Store, 'keepOtherReading'> = {
    keepOtherReading: (_id, other) => {
      changed = other({ documents: [kept] } as unknown as StoredDocument, evidence);
      return Promise.resolve();
    },
  };
  await keepReadAgain(() => Promise.resolve({ store: store as Store }), SILENT, 'a', {
    record: RECORD,
    other: OTHER,
    fields,
  });
  if (changed) expect(changed.record).toBe(OTHER);
  return changed?.evidence?.map(({ support }) => support?.Branch?.reasons);
}

test('the other path says the same, in whatever case, or something else', async () => {
  expect(await reasonsAfter(RECORD, [field('Harbor', 'HARBOR')])).toEqual([['stands', 'read_again_same']]);
  expect(await reasonsAfter(RECORD, [field('Harbor', 'Mill')])).toEqual([['stands', 'read_again_differs']]);
});

test('a value that one path left out was said nothing of', async () => {
  expect(await reasonsAfter(RECORD, [field('Harbor', null)])).toEqual([['stands']]);
});

test('nothing is said of a document that was read anew since', async () => {
  const anew = { accounts: [{ accountNumber: '1', result: { Branch: 'Mill' } }] };
  expect(await reasonsAfter(anew, [field('Harbor', 'Mill')])).toBeUndefined();
});

test('evidence of a version that kept no support stays as it is', async () => {
  const before = [{ account: '1', fields: {} }];
  expect(await reasonsAfter(RECORD, [field('Harbor', 'Mill')], before)).toEqual([undefined]);
});
