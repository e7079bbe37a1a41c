import { describe, expect, test } from '@jest/globals';
import { detectAccountNumbers, splitAccounts } from '../../src/stages/accounts.js';

test.each([
  ['Account#: 12345678', ['12345678']],
  ['ACCOUNT NUMBER:\r\n \nACCOUNT HOLDER NAME(S):\r\n\r\n12345678', ['12345678']],
  ['ACCOUNT NUMBER: ACCOUNT HOLDER NAMES: 12345678', []],
  ['Savings ACCT: 12345678 Checking ACCT: 23456789', ['12345678', '23456789']],
  ['ACCOUNT NUMBER: ABC 12345678', []],
  ['ACCOUNT NUMBER\u001c12345678', ['12345678']],
  ['ACCOUNT NUMBER\ufeff12345678', []],
  ['ACCOUNT NUMBER12345678', []],
  ['account #\u017f: 12345678', ['12345678']],
])('%j names %j', (text, numbers) => {
  expect(detectAccountNumbers(text)).toEqual(numbers);
});

test('pages belong to the last account named, which may come back', async () => {
  const texts = ['cover', 'Account No. 11111111', '', 'Account No. 22222222', '', 'Account No. 11111111'];
  const split = await splitAccounts(new Map(texts.map((text, index) => [index + 1, text])));
  expect(split.accounts).toEqual([
    { accountNumber: '11111111', pages: [2, 3, 6] },
    { accountNumber: '22222222', pages: [4, 5] },
  ]);
  expect(split.unassignedPages).toEqual([1]);
});

// Rules that look back would take hours for these: the test would not end.
test.each([
  ['white space', `ACCT${' '.repeat(500_000)}x ACCOUNT NUMBER:${'\n'.repeat(500_000)}x`],
  ['one endless word', 'w'.repeat(1_000_000)],
  ['labels without numbers', 'w ACCT #: ACCOUNT NUMBER: ACCOUNT NO. '.repeat(30_000)],
  ['colons', `ACCOUNT NUMBER${':'.repeat(500_000)} ACCOUNT NO${'.'.repeat(500_000)}`],
  ['digits', `ACCOUNT NUMBER: ${'1'.repeat(1_000_000)}`],
])('a million characters of %s are looked through', (_name, text) => {
  expect(detectAccountNumbers(text)).toEqual([]);
});

describe('a number in running text', () => {
  const inPassing = async (...texts: string[]) =>
    (await splitAccounts(new Map(texts.map((text, index) => [index + 1, text])))).inPassing;

  test('is told, with the pages that follow and name none', async () => {
    const pages = [
      'ACCOUNT NUMBER: 12345678',
      'A letter. Please see account no. 10000000 of mine',
      'Balance: 5',
      '',
    ];
    expect(await inPassing(...pages)).toEqual([{ page: 2, account: '10000000', joined: [3, 4] }]);
  });

  test('is told where it wins over the label of its page', async () => {
    expect(await inPassing('ACCOUNT NUMBER: 87654321\nHolder: A\nsee also ACCOUNT NUMBER: 10000000')).toEqual(
      [{ page: 1, account: '10000000', joined: [] }],
    );
  });

  test.each([
    'ACCOUNT NUMBER: 12345678',
    'Savings Acct #: 12345678',
    'Primary Checking Account Number 12345678',
    'Holder of the account   Account No. 12345678',
    'Account #: 12345678   Date opened 01/02/2020',
    'the account is named ACCOUNT NUMBER: 12345678 and here\nACCOUNT NUMBER: 12345678',
  ])('is not told of a label: %j', async (text) => {
    expect(await inPassing(text)).toEqual([]);
  });
});
