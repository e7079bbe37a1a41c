import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from '@jest/globals';
import { PageReader } from '../../src/stages/page-texts.js';
import { emptyTally, tallyGolden, tallyScan, type Tally } from '../drawn-values.js';
import { PRINTABLE } from '../golden-pdf.js';
import { BANK_STATEMENT, LENDING_PACKAGE, misplaced } from '../sample-values.js';

/** Of values that stand on their page, 99 % are located where they were drawn, and none on another page. */

const reader = new PageReader();
afterAll(() => reader.close());

const SCANNED = 12;

function expectLocated(tally: Tally): void {
  expect(tally.located / tally.standing).toBeGreaterThanOrEqual(0.99);
  expect(tally.first / tally.standing).toBeGreaterThanOrEqual(0.99);
  expect(tally).toMatchObject({ notFound: tally.absent, onOtherPages: 0, onOtherWords: 0 });
}

test('in all golden documents that a PDF can hold', async () => {
  const tally = emptyTally();
  for (const document of PRINTABLE) await tallyGolden(document, reader, tally);
  expect(tally.standing).toBeGreaterThan(300);
  expectLocated(tally);
});

test('in scans', async () => {
  const tally = emptyTally();
  for (const document of PRINTABLE.slice(0, SCANNED)) await tallyScan(document, reader, tally);
  expect(tally.standing).toBeGreaterThan(80);
  expectLocated(tally);
});

test.each([
  ['bank-statement-multipage.pdf', BANK_STATEMENT],
  ['lending_package.pdf', LENDING_PACKAGE],
])('in the sample %s', async (name, seen) => {
  const read = await reader.read(readFileSync(new URL(`../samples/${name}`, import.meta.url)));
  expect(await misplaced(seen, read)).toEqual([]);
});
