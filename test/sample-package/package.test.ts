import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createQuire, type DocumentRecord, type FieldValue, type Quire } from '../../src/index.js';
import { evidenceOf, type AccountEvidence } from '../../src/stages/evidence.js';
import { PageReader } from '../../src/stages/page-texts.js';
import { longPackage, samplePackage, type DrawnField, type DrawnPackage } from './package.js';

/** What was drawn is read, and nothing else; and it is marked where it was drawn. */

const committed = (name: string) => readFileSync(new URL(`../../docs/sample/${name}`, import.meta.url));

let quire: Quire;
const reader = new PageReader();
beforeAll(async () => {
  quire = await createQuire();
});
afterAll(async () => {
  await quire.close();
  await reader.close();
});

test('the sample in docs/ is what the script draws, byte by byte', async () => {
  const { pdf, ...drawn } = await samplePackage();
  expect(pdf.equals(committed('account-package.pdf'))).toBe(true);
  expect(drawn).toEqual(JSON.parse(committed('account-package.json').toString()));
  expect(pdf.length).toBeLessThan(600_000);
});

describe('the sample', () => {
  const drawn = JSON.parse(committed('account-package.json').toString()) as Omit<DrawnPackage, 'pdf'>;
  let record: DocumentRecord;
  let evidence: AccountEvidence[];
  beforeAll(async () => {
    const pdf = committed('account-package.pdf');
    record = await quire.processPdf(pdf);
    evidence = await evidenceOf(record, await reader.read(pdf));
  });

  test('is read with the accounts and pages it was drawn with', () => {
    expect(record.accounts.map(({ accountNumber, pages }) => ({ account: accountNumber, pages }))).toEqual(
      drawn.accounts,
    );
    expect(record).toMatchObject({
      unassigned_pages: drawn.unassignedPages,
      blank_pages: drawn.blankPages,
      ocr_pages: drawn.scannedPages,
      truncated_pages: [],
      failed_pages: [],
    });
    expect(drawn.accounts).toHaveLength(3);
    expect([drawn.unassignedPages, drawn.blankPages, drawn.scannedPages]).toEqual([[1], [7], [8]]);
  });

  test('is read with every value on its page, and no other', () => {
    expect(readOn(record)).toEqual(drawnOn(drawn.fields));
    const merged = record.accounts.flatMap(({ accountNumber, result }) =>
      Object.entries(result).map(([field, read]) => [accountNumber, field, valueOf(read)].join('|')),
    );
    const written = drawn.fields.map(({ account, field, value }) => [account, field, value].join('|'));
    expect(merged.sort()).toEqual([...new Set(written)].sort());
    expect(drawn.fields.length).toBeGreaterThan(100);
  });

  test('has each value marked where it was drawn: on text, on the scan, on the page that lies sideways', () => {
    const misplaced = drawn.fields.filter((field) => !isMarked(field, evidence));
    expect(misplaced).toEqual([]);
    const marked = new Set(drawn.fields.map(({ page }) => page));
    expect([...marked]).toEqual([2, 3, 4, 5, 6, 8, 9, 10, 11, 12]);
  });
});

test('a long package has as many pages and accounts as were asked for, and is read as it was drawn', async () => {
  const long = await longPackage({ pages: 40, accounts: 3 });
  const record = await quire.processPdf(long.pdf);
  expect(Object.keys(record.page_mapping)).toHaveLength(39);
  expect(record.accounts.map(({ accountNumber, pages }) => ({ account: accountNumber, pages }))).toEqual(
    long.accounts,
  );
  expect(long).toMatchObject({ pages: 40, unassignedPages: [1] });
  expect(readOn(record)).toEqual(drawnOn(long.fields));
});

function readOn({ accounts }: DocumentRecord): string[] {
  const lines = accounts.flatMap(({ accountNumber, page_data: pages }) =>
    Object.entries(pages).flatMap(([page, fields]) =>
      Object.entries(fields).map(([field, read]) => [accountNumber, page, field, valueOf(read)].join('|')),
    ),
  );
  return lines.sort();
}

function valueOf(field: FieldValue): string {
  return typeof field === 'string' ? field : field.value;
}

function drawnOn(fields: readonly DrawnField[]): string[] {
  return fields.map(({ account, page, field, value }) => [account, page, field, value].join('|')).sort();
}

/** The first places of its parts on its page hold all of it, and little besides. */
function isMarked({ account, field, page, box: drawn }: DrawnField, evidence: AccountEvidence[]): boolean {
  const parts = evidence.find((one) => one.account === account)?.fields[field] ?? [];
  const boxes = parts.flatMap((part) => {
    const place = 'places' in part ? part.places.find((one) => one.page === page) : undefined;
    return place?.boxes ?? [];
  });
  if (boxes.length === 0) return false;
  const least = (side: 0 | 1) => Math.min(...boxes.map((box) => box[side])) - drawn[side];
  const most = (side: 2 | 3) => drawn[side] - Math.max(...boxes.map((box) => box[side]));
  const short = [least(0), least(1), most(2), most(3)];
  return short.every((by) => by < 0.002 && by > -0.008);
}
