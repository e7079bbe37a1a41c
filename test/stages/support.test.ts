import { describe, expect, test } from '@jest/globals';
import { mergePageResults } from '../../src/processor/merge.js';
import { packWords } from '../../src/processor/words.js';
import { evidenceOf } from '../../src/stages/evidence.js';
import { isSameValue } from '../../src/stages/support/same-value.js';
import { readOnceMore, supportOf, type OtherReadings } from '../../src/stages/support/support.js';

type Values = Record<string, string>;

interface Sheet {
  text: string;
  values: Values;
  /** How sure OCR was of each word. */
  ocr?: number[];
}

/** The support of the merged values of an account with these pages. */
async function supportIn(sheets: readonly Sheet[], alsoRead?: OtherReadings) {
  const numbers = sheets.map((_, index) => index + 1);
  const results = sheets.map(({ values }, index) => {
    const fields = Object.entries(values).map(([name, value]) => [name, { value, confidence: 90 }] as const);
    return { page_number: index + 1, extracted_data: Object.fromEntries(fields) };
  });
  const record = mergePageResults('12345678', results, numbers);
  if (!record) throw new Error('no page has fields');
  const texts = new Map(sheets.map(({ text }, index) => [index + 1, text]));
  const words = new Map(
    sheets.flatMap(({ ocr }, index) =>
      ocr
        ? [
            [
              index + 1,
              packWords(
                ocr.map(() => null),
                ocr,
              ),
            ] as const,
          ]
        : [],
    ),
  );
  const pages = { texts, words };
  const evidence = await evidenceOf({ accounts: [record] }, pages);
  const [support = {}] = await supportOf({ accounts: [record] }, pages, evidence, alsoRead);
  return support;
}

/** What is said of one value on one page. */
async function reasonsOf(text: string, name: string, value: string, more: Values = {}) {
  const support = await supportIn([{ text, values: { ...more, [name]: value } }]);
  return support[name]?.reasons;
}

const FORM = `
ACCOUNT FORM

Account Holder Name(s): Ana Castro              Date Opened: 05/04/2024
Branch          Harbor                          Officer: Jonas Keller
Mailing Address: 12 Mill Road, Springfield, IL 62701
`;

describe('a value', () => {
  test.each([
    ['word for word', 'Branch', 'Harbor', 'stands'],
    ['in another writing', 'Date_Opened', '2024-05-04', 'stands_otherwise'],
    ['with its words in another order', 'Officer', 'Keller, Jonas', 'stands'],
    ['with its words here and there', 'Officer', 'Castro Jonas', 'scattered'],
    ['in part', 'Account_Holders', 'Ana Castro, Pedro Novak', 'stands_in_part'],
    ['not at all: figures', 'Date_Opened', '05/06/2024', 'figures_nowhere'],
    ['not at all: words', 'Branch', 'Downtown', 'words_nowhere'],
  ])('stands on its page %s', async (_, name, value, reason) => {
    expect(await reasonsOf(FORM, name, value)).toContain(reason);
  });

  test('with its point moved does not stand there, though its digits do', async () => {
    expect(await reasonsOf('Balance: 1,574.01', 'Balance', '15,740.1')).toContain('figures_nowhere');
  });

  test.each([
    ['beside its label', 'Branch', 'Harbor', 'label_exact'],
    ['beside one in other words', 'Account_Holders', 'Ana Castro', 'label_close'],
    ['though another label names its field', 'Branch', 'Jonas Keller', 'label_elsewhere'],
    ['where no label is of its field', 'Occupation', 'Harbor', 'label_nowhere'],
  ])('stands %s', async (_, name, value, reason) => {
    expect(await reasonsOf(FORM, name, value)).toContain(reason);
  });

  test.each([
    ['its end', 'Account_Holders', 'Ana'],
    ['its beginning', 'Officer', 'Keller'],
    ['its cents', 'Balance', '1,204'],
  ])('is a part where %s is left out', async (_, name, value) => {
    expect(await reasonsOf(`${FORM}\nBalance:  1,204.50`, name, value)).toContain('not_whole');
    expect(await reasonsOf(FORM, 'Branch', 'Harbor')).not.toContain('not_whole');
  });

  test('is a part where a sign joins it to what follows, in a sentence, too', async () => {
    expect(await reasonsOf('The balance of 1,204.50 is due', 'Balance', '1,204')).toContain('not_whole');
    expect(await reasonsOf('The balance of 1,204.50 is due', 'Balance', '1,204.50')).not.toContain(
      'not_whole',
    );
  });

  test('runs over where it takes in what stands beside it', async () => {
    expect(await reasonsOf('Branch: Harbor     Officer: Ana', 'Branch', 'Harbor Officer')).toContain(
      'not_whole',
    );
  });

  test('is whole where the next label follows, or in a sentence', async () => {
    expect(await reasonsOf('Name: Ana Castro SSN: 123-45-6789', 'Name', 'Ana Castro')).not.toContain(
      'not_whole',
    );
    expect(await reasonsOf('opened on May 4, 2024 at our Harbor office', 'Branch', 'Harbor')).not.toContain(
      'not_whole',
    );
  });
});

describe('labels', () => {
  const GRID = `
Earnings      Current   Year to date
Regular        320.00      16,640.00
Overtime        15.00         780.00
`;

  test('of a table are those of the row and of the column', async () => {
    expect(await reasonsOf(GRID, 'Overtime_Year_to_Date', '780.00')).toContain('label_exact');
    expect(await reasonsOf(GRID, 'Overtime_Year_to_Date', '15.00')).toContain('label_elsewhere');
    expect(await reasonsOf(GRID, 'Overtime_Year_to_Date', '16,640.00')).toContain('label_elsewhere');
  });

  test('above their values are those of the column', async () => {
    const boxes =
      'Policy number     Effective date     Expiration date\n657845            08/13/2024         08/13/2025';
    expect(await reasonsOf(boxes, 'Expiration_Date', '08/13/2025')).toContain('label_exact');
    expect(await reasonsOf(boxes, 'Expiration_Date', '08/13/2024')).toContain('label_elsewhere');
  });

  test('above a line that has a label of its own are those of that line alone', async () => {
    expect(await reasonsOf('Branch\nHarbor', 'Branch', 'Harbor')).toContain('label_exact');
    expect(await reasonsOf('Branch\nOfficer: Ana\nHarbor', 'Branch', 'Harbor')).toContain('label_elsewhere');
  });

  test('that repeat are told apart by their number', async () => {
    const signers = 'Signer\nName: Ana Castro\n\nSigner\nName: Jonas Keller';
    expect(await reasonsOf(signers, 'Signer2_Name', 'Jonas Keller')).not.toContain('label_of_another');
    expect(await reasonsOf(signers, 'Signer2_Name', 'Ana Castro')).toContain('label_of_another');
    const numbered = 'Signer 1 Name: Ana Castro\nSigner 2 Name: Jonas Keller';
    expect(await reasonsOf(numbered, 'Signer2_Name', 'Ana Castro')).toContain('label_elsewhere');
  });

  test('over a column are of its rows, in their order', async () => {
    const rows = 'Fund          Units\nBlue Ridge      6.5\nStone Mill      7.5\nAcme            8.5';
    expect(await reasonsOf(rows, 'Fund2_Units', '7.5')).not.toContain('label_of_another');
    expect(await reasonsOf(rows, 'Fund2_Units', '6.5')).toContain('label_of_another');
  });
});

test.each([
  ['Date_of_Birth', '02/29/2024', '02/30/2024'],
  ['Signer1_SSN', '123-45-6789', '666-45-6789'],
  ['SSN', '123456789', '123-45'],
  ['Expiration_Date', '12/27', '13/27'],
  ['City_State_ZIP', 'Springfield, IL 62701', 'Springfield, TX 62701'],
  ['Routing_Number', '021000021', '021000022'],
  ['Phone_Number', '(217) 555-0101', '(117) 555-0101'],
  ['ZIP_Code', '62701', '6270'],
  ['Mailing_Address', '12 Mill Road, Springfield, IL 62701', '12 Mill Road, Springfield, TX 62701'],
  ['Email', 'ana@example.com', 'ana.example.com'],
  ['Closing_Balance', '$1,204.50', 'Harbor'],
  ['Signer1_Name', 'Ana Castro', '05/04/2024'],
  ['Signatures_Required_Number', '2', 'two'],
])('the form of %s is right for %s, wrong for %s', async (name, right, wrong) => {
  expect(await reasonsOf(right, name, right)).toContain('form_right');
  expect(await reasonsOf(wrong, name, wrong)).toContain('form_wrong');
  expect(await reasonsOf(wrong, 'Remarks', wrong)).not.toContain('form_wrong');
});

test.each([
  ['Miscellaneous_Fees', '25.00'],
  ['Cancellation_Date', '01/05/2024'],
  ['BusinessName', 'Acme Tool LLC'],
  ['Pacific_Bank_Name', 'Pacific Bank'],
  ['Account_Holders', '7-Eleven Inc'],
  ['Interest_Rate', 'Prime + 2'],
])('the form of %s is not wrong for %s', async (name, value) => {
  expect(await reasonsOf(value, name, value)).not.toContain('form_wrong');
});

test.each([
  ['Mobile_Deposit_Enrolled', 'Since May'],
  ['SSN_Last_4', '1234'],
  ['Email_Opt_In', 'Declined'],
  ['SSN', 'XXX-XX-6789'],
  ['Direct_Deposit', 'Yes'],
  ['Mailing_Address', 'Same as above'],
])('%s has no form in %s', async (name, value) => {
  const reasons = await reasonsOf(value, name, value);
  expect(reasons?.filter((reason) => reason.startsWith('form'))).toEqual([]);
});

describe('arithmetic', () => {
  test('supports the balances of an account that fit what was paid in and out', async () => {
    const text = 'Opening balance: 100.00\nDeposits: 50.25\nWithdrawals: 30.00\nClosing balance: 120.25';
    const values = {
      Opening_Balance: '100.00',
      Deposits: '50.25',
      Withdrawals: '30.00',
      Closing_Balance: '120.25',
    };
    const right = await supportIn([{ text, values }]);
    const wrong = await supportIn([{ text, values: { ...values, Deposits: '30.00' } }]);
    for (const name of Object.keys(values)) {
      expect(right[name]?.reasons).toContain('adds_up');
      expect(wrong[name]?.reasons).toContain('does_not_add_up');
    }
  });

  test('takes no counts, limits and yearly sums for movements, and no sum for one more', async () => {
    const values = {
      Opening_Balance: '1,000.00',
      Total_Deposits: '500.00',
      Interest_Paid: '5.00',
      Total_Withdrawals: '200.00',
      Closing_Balance: '1,300.00',
      Number_of_Deposits: '3',
      Overdraft_Fees_YTD: '70.00',
      Credit_Limit: '900.00',
    };
    const support = await supportIn([{ text: Object.values(values).join('  '), values }]);
    const adding = Object.keys(values).filter((name) => support[name]?.reasons.includes('adds_up'));
    expect(adding).toEqual(['Opening_Balance', 'Total_Deposits', 'Total_Withdrawals', 'Closing_Balance']);
  });

  test('takes no limit for what was paid in, though the balances would fit then', async () => {
    const values = {
      Opening_Balance: '100.00',
      Deposits: '30.00',
      Withdrawals: '30.00',
      Closing_Balance: '120.25',
      Credit_Limit: '20.25',
    };
    const support = await supportIn([{ text: Object.values(values).join('  '), values }]);
    expect(support.Deposits?.reasons).toContain('does_not_add_up');
    expect(support.Credit_Limit?.reasons).not.toContain('does_not_add_up');
  });

  test('supports what OCR read of a column that adds up to its total', async () => {
    const text = (last: string) => `Check  10.00\nCheck  20.50\nCheck  ${last}\nTotal  42.00`;
    const ocr = [95, 95, 95, 95, 95, 95, 95, 95];
    const read = async (last: string) => {
      const support = await supportIn([{ text: text(last), values: { Total_Checks: '42.00' }, ocr }]);
      return support.Total_Checks?.reasons;
    };
    expect(await read('11.50')).toContain('column_adds_up');
    expect(await read('11.60')).not.toContain('column_adds_up');
  });

  test('supports the number of rows that a table has', async () => {
    const text = 'Transactions: 3\n01/02/2024  Shop  10\n01/03/2024  Shop  20\n01/04/2024  Shop  30';
    expect(await reasonsOf(text, 'Number_of_Transactions', '3')).toContain('adds_up');
    expect(await reasonsOf(text, 'Number_of_Transactions', '4')).not.toContain('adds_up');
  });
});

test('how sure OCR was of the least sure word is said', async () => {
  const text = 'Branch: Harbor North';
  const read = async (...ocr: number[]) =>
    (await supportIn([{ text, values: { Branch: 'Harbor North' }, ocr }])).Branch?.reasons;
  expect(await read(20, 95, 92)).toContain('ocr_sure');
  expect(await read(95, 95, 75)).toContain('ocr_unsure');
  expect(await read(95, 40, 95)).toContain('ocr_doubtful');
});

test('other pages of the account support a value, or do not', async () => {
  const sheet = (value: string) => ({ text: `Branch: ${value}`, values: { Branch: value } });
  expect((await supportIn([sheet('Harbor'), sheet('Harbor')])).Branch?.reasons).toContain(
    'other_pages_agree',
  );
  expect((await supportIn([sheet('Harbor'), sheet('Mill')])).Branch?.reasons).toContain('other_pages_differ');
});

test('what another answer said of the page supports a value, or does not', async () => {
  const page = { text: 'Branch: Harbor', values: { Branch: 'Harbor' } };
  const read = async (name: string, value: string) => {
    const fields = { [name]: { value, confidence: 90 } };
    return (await supportIn([page], new Map([[1, [fields]]]))).Branch?.reasons ?? [];
  };
  expect(await read('Branch', 'HARBOR')).toContain('read_again_same');
  expect(await read('Branch', 'Mill')).toContain('read_again_differs');
  for (const [name, value] of [
    ['Officer', 'Harbor'],
    ['Branch', 'N/A'],
  ] as const) {
    expect((await read(name, value)).filter((reason) => reason.startsWith('read_again'))).toEqual([]);
  }
});

test('one more reading is added to a support; one that differs is not made up for', () => {
  const before = { support: 90, reasons: ['stands' as const] };
  const same = readOnceMore(before, true);
  const differs = readOnceMore(same, false);
  expect(same.reasons).toEqual(['stands', 'read_again_same']);
  expect(differs.reasons).toEqual(['stands', 'read_again_differs']);
  expect(differs.support).toBeLessThan(same.support ?? 0);
  expect(readOnceMore(differs, true)).toEqual(differs);
  const none = { support: null, reasons: [] };
  expect(readOnceMore(none, true)).toEqual(none);
});

test.each([
  ['Harbor North', 'HARBOR  NORTH', true],
  ['1,204.50', '1204.5', true],
  ['05/04/2024', '2024-05-04', true],
  ['(217) 555-0101', '217.555.0101', true],
  ['100.00', '-100.00', false],
  ['1,574.01', '15,740.1', false],
  ['Harbor North', 'North Harbor', false],
  ['05/04/2024', '05/06/2024', false],
])('%s and %s say the same: %s', (a, b, isSame) => {
  expect(isSameValue(a, b)).toBe(isSame);
  expect(isSameValue(b, a)).toBe(isSame);
});

test('a field without a value has no support', async () => {
  const { Branch } = await supportIn([
    { text: 'Branch: N/A  Officer: Ana', values: { Branch: 'N/A', Officer: 'Ana' } },
  ]);
  expect(Branch).toEqual({ support: null, reasons: [] });
});

test('fields may have any name', async () => {
  const values = Object.fromEntries(['__proto__', 'constructor', '7'].map((name) => [name, 'Harbor']));
  const support = await supportIn([{ text: 'Branch: Harbor', values }]);
  expect(Object.keys(support).sort()).toEqual(['7', '__proto__', 'constructor']);
});
