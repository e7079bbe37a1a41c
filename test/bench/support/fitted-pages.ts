import { pagesBy, type MadePage, type Pen } from './pen.js';
import { money, type Kind } from './values.js';

/** Pages that the table of points is fitted on. */

interface Spec {
  kind: Kind;
  labels: readonly string[];
  names: readonly string[];
}

const SPECS: readonly Spec[] = [
  {
    kind: 'person',
    labels: ['Account Holder Name(s)', 'Account Holders', 'Owner'],
    names: ['Account_Holders'],
  },
  { kind: 'word', labels: ['Account Type', 'Acct Type', 'Type of Account'], names: ['Account_Type'] },
  { kind: 'word', labels: ['Account Purpose', 'Purpose'], names: ['Account_Purpose'] },
  { kind: 'company', labels: ['Product Name', 'Product'], names: ['Product_Name'] },
  { kind: 'word', labels: ['Ownership Type', 'Ownership'], names: ['Ownership_Type'] },
  { kind: 'address', labels: ['Mailing Address', 'Address'], names: ['Mailing_Address'] },
  { kind: 'phone', labels: ['Phone Number', 'Telephone', 'Home Phone'], names: ['Phone_Number'] },
  { kind: 'date', labels: ['Date Opened', 'Opened', 'Open Date'], names: ['Date_Opened'] },
  { kind: 'id', labels: ['CIF Number', 'CIF', 'Customer No.'], names: ['CIF_Number', 'Customer_Number'] },
  { kind: 'word', labels: ['Branch', 'Branch Name'], names: ['Branch'] },
  { kind: 'person', labels: ['Opened By', 'Officer'], names: ['Opened_By'] },
  {
    kind: 'count',
    labels: ['Signatures Required', 'Number of Signatures Required'],
    names: ['Signatures_Required'],
  },
  { kind: 'person', labels: ['Verified By', 'Verified'], names: ['Verified_By'] },
  { kind: 'date', labels: ['Verified Date', 'Date Verified', 'Date'], names: ['Verified_Date'] },
  { kind: 'rate', labels: ['Interest Rate', 'Rate', 'APY'], names: ['Interest_Rate', 'APY'] },
  { kind: 'date', labels: ['Maturity Date', 'Matures'], names: ['Maturity_Date'] },
  {
    kind: 'amount',
    labels: ['Opening Deposit', 'Initial Deposit'],
    names: ['Opening_Deposit', 'Initial_Deposit'],
  },
  { kind: 'email', labels: ['E-mail', 'Email Address'], names: ['Email', 'Email_Address'] },
  { kind: 'routing', labels: ['Routing Number', 'ABA Routing No.'], names: ['Routing_Number'] },
  { kind: 'company', labels: ['Employer', 'Employer Name'], names: ['Employer'] },
];

const PERSON: readonly Spec[] = [
  { kind: 'person', labels: ['Name', 'Full Name'], names: ['Name'] },
  { kind: 'ssn', labels: ['SSN', 'Social Security No.', 'Tax ID (SSN)'], names: ['SSN'] },
  { kind: 'date', labels: ['Date of Birth', 'DOB', 'Birth Date'], names: ['DOB'] },
  { kind: 'address', labels: ['Address', 'Home Address', 'Residence'], names: ['Address'] },
  { kind: 'phone', labels: ['Phone', 'Tel.', 'Phone Number'], names: ['Phone'] },
  { kind: 'id', labels: ['Driver License', "Driver's License No.", 'DL Number'], names: ['DriversLicense'] },
  { kind: 'word', labels: ['Occupation'], names: ['Occupation'] },
];

const SMALL_PRINT = [
  'By signing below each owner agrees to the terms and conditions that govern this account and its services.',
  'The institution may change any term of this agreement upon notice to the mailing address on file.',
  'Each owner certifies under penalties of perjury that the number shown is the correct taxpayer number.',
  'Interest rate and annual percentage yield may change. Fees could reduce earnings on the account.',
];

function shuffled<T>(pen: Pen, from: readonly T[]): T[] {
  return from
    .map((item) => ({ item, at: pen.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

function spec(pen: Pen, { kind, labels, names }: Spec): { name: string; kind: Kind; label: string } {
  return { name: pen.one(names), kind, label: pen.one(labels) };
}

function smallPrint(pen: Pen, y: number): void {
  for (let row = 0; row < 4; row++) pen.text(pen.one(SMALL_PRINT), 54, y + row * 11, 8);
}

/** "Label: value", one under the other. */
function list(pen: Pen): void {
  pen.text('ACCOUNT AGREEMENT', 220, 40, 14);
  const colon = pen.one([': ', ':   ', ' ']);
  const gap = pen.chance(0.5) ? 150 : 0;
  for (const [row, each] of shuffled(pen, SPECS).slice(0, 16).entries()) {
    pen.labelled(spec(pen, each), 54, 80 + row * 22, { colon, gap: colon === ' ' ? 150 : gap });
  }
  smallPrint(pen, 480);
}

/** Two columns of "Label: value". */
function columns(pen: Pen): void {
  pen.text('Account information', 54, 40, 12);
  for (const [index, each] of shuffled(pen, SPECS).slice(0, 18).entries()) {
    const x = index % 2 === 0 ? 54 : 320;
    const field = spec(pen, each);
    if (field.kind === 'address' && x === 54) continue;
    pen.labelled(field, x, 80 + Math.floor(index / 2) * 20);
  }
  smallPrint(pen, 300);
}

/** A card with one block a signer. */
function signers(pen: Pen): void {
  pen.text('SIGNATURE CARD', 54, 36, 13);
  const isNumbered = pen.chance(0.5);
  const specs = PERSON.map((each) => spec(pen, each));
  let y = 70;
  for (const number of [1, 2, 3].slice(0, pen.one([2, 3]))) {
    pen.text(isNumbered ? `Signer ${number}` : 'Authorized signer', 54, y, 11);
    for (const [index, field] of specs.entries()) {
      const name = `Signer${number}_${field.name}`;
      const label = pen.chance(0.2) && isNumbered ? `Signer ${number} ${field.label}` : field.label;
      pen.labelled({ ...field, name, label }, index % 2 ? 330 : 54, y + 20 + Math.floor(index / 2) * 18);
    }
    y += 130;
  }
  smallPrint(pen, y + 10);
}

/** Boxes with a small label above each value. */
function boxes(pen: Pen): void {
  pen.text('NEW ACCOUNT FORM', 54, 36, 13);
  for (const [index, each] of shuffled(pen, SPECS).slice(0, 15).entries()) {
    const field = spec(pen, each);
    if (field.kind === 'address') continue;
    const [x, y] = [54 + (index % 3) * 175, 80 + Math.floor(index / 3) * 44];
    pen.text(field.label, x, y, 7);
    pen.value(field, x, y + 11);
  }
  smallPrint(pen, 340);
}

/** A statement: a summary that balances, and a table of entries with a total. */
function statement(pen: Pen): void {
  pen.text('STATEMENT OF ACCOUNT', 54, 36, 13);
  pen.labelled({ name: 'Statement_Date', kind: 'date', label: 'Statement Date' }, 380, 40);
  const cents = (most: number) => 1_000 + Math.floor(pen.random() * most);
  const entries = Array.from({ length: 5 + Math.floor(pen.random() * 10) }, () => cents(90_000));
  const [opening, into] = [cents(900_000), cents(400_000)];
  const out = entries.reduce((sum, entry) => sum + entry, 0);
  const rows = [
    ['Opening_Balance', pen.one(['Opening balance', 'Previous balance', 'Beginning balance']), opening],
    ['Total_Deposits', pen.one(['Deposits and credits', 'Total deposits']), into],
    ['Total_Withdrawals', pen.one(['Withdrawals and debits', 'Total withdrawals']), out],
    ['Closing_Balance', pen.one(['Closing balance', 'New balance', 'Ending balance']), opening + into - out],
  ] as const;
  for (const [row, [name, label, amount]] of rows.entries()) {
    pen.text(label, 54, 80 + row * 16);
    pen.value({ name, kind: 'amount', label, value: money(amount) }, 400, 80 + row * 16, { isRight: true });
  }
  for (const [x, heading] of [
    [54, 'Date'],
    [140, 'Description'],
    [340, 'Amount'],
  ] as const)
    pen.text(heading, x, 170);
  for (const [row, entry] of entries.entries()) {
    const y = 186 + row * 14;
    pen.value(
      {
        name: `Transaction${row + 1}_Date`,
        kind: 'date',
        label: 'Date',
        value: `0${1 + (row % 9)}/${10 + row}/2024`,
      },
      54,
      y,
    );
    pen.text(pen.one(['Card purchase', 'Check', 'Transfer out', 'Utility payment']), 140, y);
    pen.value(
      { name: `Transaction${row + 1}_Amount`, kind: 'amount', label: 'Amount', value: money(entry) },
      400,
      y,
      { isRight: true },
    );
  }
  pen.text('Total withdrawals', 140, 190 + entries.length * 14);
  pen.rightText(money(out), 400, 190 + entries.length * 14);
}

/** Values within sentences, some with a label nowhere. */
function letter(pen: Pen): void {
  pen.text('Dear customer,', 54, 60);
  const sentences: readonly (readonly [string, string, Kind][])[] = [
    [
      ['Your account was opened on', 'Date_Opened', 'date'],
      ['by', 'Opened_By', 'person'],
    ],
    [
      ['The interest rate is', 'Interest_Rate', 'rate'],
      ['until', 'Maturity_Date', 'date'],
    ],
    [
      ['We received your deposit of', 'Initial_Deposit', 'amount'],
      ['for customer', 'CIF_Number', 'id'],
    ],
    [
      ['Please call', 'Contact_Name', 'person'],
      ['at', 'Phone_Number', 'phone'],
    ],
    [['Statements go to', 'Mailing_Address', 'address']],
  ];
  for (const [row, parts] of shuffled(pen, sentences).entries()) {
    let x = 54;
    for (const [before, name, kind] of parts) {
      x = pen.text(`${before} `, x, 90 + row * 26);
      x = pen.value({ name, kind, label: before }, x, 90 + row * 26) + 3;
    }
  }
  smallPrint(pen, 260);
}

const MAKERS = [list, columns, signers, boxes, statement, letter];

export function fittedPages(random: () => number, document: number): MadePage[] {
  return pagesBy(random, (page) => MAKERS[(document + page * 2) % MAKERS.length]);
}
