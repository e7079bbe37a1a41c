import { expect, test } from '@jest/globals';
import { soundness } from '../../src/stages/soundness.js';

test.each([
  [
    'prose',
    'The fee for the quarter was waived because the balance of the account did not fall below the minimum.',
  ],
  [
    'labels and values',
    'Account number 40718826 Opening balance 2,915.40 Closing balance -$3,127.85 12/31/2024',
  ],
  ['names', "O'Brien & Sons, LLC, c/o McAllister, St. Mary's Rd., Jean-Luc Müller"],
  ['capitals and references', 'IBAN DE44 SWIFT BIC NO. A-1042 PO BOX 12B USD 1.200,50 1st 10:30'],
  ['addresses', 'www.example.com info@example.com https://example.com/help'],
  ['another script', 'Номер счёта 40718826'],
])('%s is sound', (_, text) => {
  expect(soundness(text)).toBeGreaterThan(0.85);
});

test.each([
  ['digits for letters', 'Acc0unl h0lder M1ra 0akfleld 4O7lBB2G 2,9l5.4O'],
  ['glyph numbers', `$FFRXQW 1XPEHU "#$%&'( )*+,-.`],
  ['marks inside words', 'L^ne S~vings b~lance qu^rter be|ause'],
  ['letters strewn', 'xkcdq vbnmt rtzpl wqxkz fghjk'],
])('%s is not', (_, text) => {
  expect(soundness(text)).toBeLessThan(0.45);
});

test('a worse reading of a page counts for less', () => {
  const good = 'Account holder Mira Oakfield Account number 40718826 Opening balance 2,915.40';
  const bad = 'Acc0unl h0lder M1ra 0akfleld Acc0unl numbcr 4O7lBB2G 0penlng b^lance Z,9l5.4O';
  expect(soundness(good)).toBeGreaterThan(soundness(bad) + 0.4);
});

test('a text without words is worth nothing', () => {
  expect(soundness('')).toBe(0);
  expect(soundness(' - * ...')).toBe(0);
});
