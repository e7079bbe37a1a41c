import { once } from 'node:events';
import { createRequire } from 'node:module';
import type PdfKit from 'pdfkit';
import type { PlacedWord } from '../../../src/stages/layout.js';
import { pick, seeded } from '../../random.js';

const PDFDocument = createRequire(import.meta.url)('pdfkit') as typeof PdfKit;

type FieldKind = 'account' | 'amount' | 'date' | 'name' | 'other';

interface Field {
  kind: FieldKind;
  value: string;
}

/** A page before it is scanned: its PDF, every word that stands on it and the values that must not be lost. */
export interface Sheet {
  name: string;
  pdf: Buffer;
  words: PlacedWord[];
  fields: Field[];
}

type Font =
  | 'Helvetica'
  | 'Helvetica-Bold'
  | 'Helvetica-Oblique'
  | 'Times-Roman'
  | 'Times-Bold'
  | 'Times-Italic'
  | 'Courier'
  | 'Courier-Bold';

interface Style {
  font?: Font;
  size?: number;
  color?: string;
  /** The right end of the text instead of the left one. */
  right?: boolean;
}

/** Draws on a Letter page and notes every word it writes. */
class Pen {
  readonly words: PlacedWord[] = [];
  readonly fields: Field[] = [];
  readonly doc = new PDFDocument({ size: 'LETTER', margin: 0 });
  private readonly chunks: Buffer[] = [];

  constructor(readonly random: () => number) {
    this.doc.on('data', (chunk: Buffer) => this.chunks.push(chunk));
  }

  text(
    text: string,
    x: number,
    y: number,
    { font = 'Helvetica', size = 10, color = 'black', right = false }: Style = {},
  ): number {
    this.doc.font(font).fontSize(size).fillColor(color);
    const width = this.doc.widthOfString(text);
    const left = right ? x - width : x;
    this.doc.text(text, left, y, { lineBreak: false });
    for (const match of text.matchAll(/\S+/g)) {
      const start = left + this.doc.widthOfString(text.slice(0, match.index));
      const end = start + this.doc.widthOfString(match[0]);
      this.words.push({ text: match[0], start, end, baseline: -(y + size * 0.75), size });
    }
    return left + width;
  }

  value(kind: FieldKind, value: string, x: number, y: number, style?: Style): number {
    this.fields.push({ kind, value });
    return this.text(value, x, y, style);
  }

  /** Breaks a text into lines; `{kind:value}` in it is a value. */
  paragraph(
    text: string,
    x: number,
    y: number,
    width: number,
    style: Style & { leading?: number; justify?: boolean } = {},
  ): number {
    const { font = 'Helvetica', size = 10, leading = 1.25 } = style;
    for (const [, kind, value = ''] of text.matchAll(/\{(\w+):([^}]*)\}/g)) {
      this.fields.push({ kind: kind as FieldKind, value });
    }
    const plain = text.replace(/\{\w+:([^}]*)\}/g, (_, value: string) => value.replaceAll(' ', '\u00a0'));
    this.doc.font(font).fontSize(size);
    let line = '';
    for (const word of plain.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (this.doc.widthOfString(longer.replaceAll('\u00a0', ' ')) > width && line !== '') {
        this.text(line.replaceAll('\u00a0', ' '), x, y, style);
        y += size * leading;
        line = word;
      } else line = longer;
    }
    this.text(line.replaceAll('\u00a0', ' '), x, y, style);
    return y + size * leading;
  }

  rule(x0: number, y0: number, x1: number, y1: number, width = 0.7): void {
    this.doc.moveTo(x0, y0).lineTo(x1, y1).lineWidth(width).strokeColor('black').stroke();
  }

  box(x: number, y: number, width: number, height: number, fill?: string): void {
    this.doc.rect(x, y, width, height).lineWidth(0.7);
    if (fill) this.doc.fill(fill);
    else this.doc.strokeColor('black').stroke();
  }

  /** A hand's scribble: no text. */
  scribble(x: number, y: number, width: number): void {
    this.doc.moveTo(x, y).lineWidth(1.3).strokeColor('#111');
    for (let at = 0; at < width; at += 9) {
      const r = (): number => this.random() * 26 - 13;
      this.doc.bezierCurveTo(x + at + r(), y + r(), x + at + r(), y + r(), x + at + 9, y + r() / 3);
    }
    this.doc.stroke();
  }

  digits(count: number): string {
    return Array.from({ length: count }, () => Math.floor(this.random() * 10)).join('');
  }

  account(): string {
    switch (Math.floor(this.random() * 4)) {
      case 0:
        return `${this.digits(4)}-${this.digits(4)}`;
      case 1:
        return `X${this.digits(2)}-${this.digits(6)}`;
      case 2:
        return `8${this.digits(9)}`;
      default:
        return `7${this.digits(2)} ${this.digits(5)} ${this.digits(2)}`;
    }
  }

  amount(most = 400_000): string {
    return (0.01 + this.random() ** 2 * most).toLocaleString('en-US', {
      minimumFractionDigits: 2,
      maximumFractionDigits: 2,
    });
  }

  date(): string {
    const pad = (n: number): string => String(n).padStart(2, '0');
    return `${pad(1 + Math.floor(this.random() * 12))}/${pad(1 + Math.floor(this.random() * 28))}/${1950 + Math.floor(this.random() * 75)}`;
  }

  name(): string {
    return `${pick(this.random, FIRST)} ${pick(this.random, INITIALS)}. ${pick(this.random, LAST)}`;
  }

  async end(name: string): Promise<Sheet> {
    const ended = once(this.doc, 'end');
    this.doc.end();
    await ended;
    const seen = new Set<string>();
    const fields = this.fields.filter(({ value }) => !seen.has(value) && seen.add(value));
    return { name, pdf: Buffer.concat(this.chunks), words: this.words, fields };
  }
}

const FIRST = [
  'Margaret',
  'Ifeoma',
  'William',
  'Jill',
  'Rosalind',
  'Gregory',
  'Illya',
  'Annemarie',
  'Desmond',
  'Lillian',
  'Oswaldo',
  'Priscilla',
] as const;
const INITIALS = ['A', 'B', 'C', 'D', 'E', 'G', 'H', 'J', 'K', 'L', 'M', 'P', 'R', 'S', 'T', 'W'] as const;
const LAST = [
  'Okonkwo',
  'Whitfield',
  'Illingworth',
  'MacGillivray',
  'Fernandez',
  'Rousseau',
  'Lindqvist',
  "O'Sullivan",
  'Castellanos',
  'Burnham',
  'Vandermeer',
  'Tillman',
] as const;
const FUNDS = [
  'Global Equity Income Fund',
  'Short Duration Bond',
  'Small Cap Value Index',
  'Municipal Intermediate',
  'Emerging Markets Fund',
  'Cash and Sweep Balance',
  'Treasury Note 4.25%',
  'Real Estate Securities',
  'International Growth',
  'Balanced Allocation',
] as const;
/** Another fund for each row. */
function fund(row: number): string {
  return FUNDS[row % FUNDS.length] ?? FUNDS[0];
}

const PROSE =
  'Thank you for your recent request concerning the account named above. We have reviewed the records held by our office and confirm that the instructions were received in good order. Before the transfer can be completed, the delivering firm must verify the registration and the taxpayer identification number of every owner. Please review the enclosed summary, correct anything that is not accurate, and return the signed copy within thirty days. If the account is held by a trust, a certification of the trustees currently authorized to act must accompany this letter. Fees and commissions charged by the prior custodian are not reimbursed unless agreed in writing.';

type Draw = (pen: Pen) => void;

const form: Draw = (pen) => {
  pen.text('NEW ACCOUNT APPLICATION', 60, 50, { font: 'Helvetica-Bold', size: 16 });
  pen.text('Please print clearly. All fields are required unless marked optional.', 60, 76, { size: 9 });
  const rows: [string, FieldKind, string][] = [
    ['Account Number:', 'account', pen.account()],
    ['Registration:', 'other', 'Joint Tenants WROS'],
    ['Primary Owner:', 'name', pen.name()],
    ['Date of Birth:', 'date', pen.date()],
    ['Social Security No.:', 'other', `${pen.digits(3)}-${pen.digits(2)}-${pen.digits(4)}`],
    ['Joint Owner:', 'name', pen.name()],
    ['Date of Birth (joint):', 'date', pen.date()],
    ['Street Address:', 'other', `${pen.digits(4)} Willow Glen Blvd, Apt 11B`],
    ['City, State, ZIP:', 'other', `Bloomfield Hills, MI 4${pen.digits(4)}`],
    ['Telephone:', 'other', `(${pen.digits(3)}) 555-0${pen.digits(3)}`],
    ['Annual Income:', 'amount', `$${pen.amount()}`],
    ['Net Worth:', 'amount', `$${pen.amount(2_000_000)}`],
    ['Initial Deposit:', 'amount', `$${pen.amount(90_000)}`],
    ['Routing Number:', 'other', `0${pen.digits(8)}`],
    ['Bank Account:', 'account', pen.digits(11)],
    ['Effective Date:', 'date', pen.date()],
  ];
  for (const [row, [label, kind, value]] of rows.entries()) {
    pen.text(label, 60, 110 + row * 34, { size: 10, font: 'Helvetica-Bold' });
    pen.value(kind, value, 220, 109 + row * 34, { size: 11 });
    pen.rule(215, 124 + row * 34, 540, 124 + row * 34);
  }
  pen.text('Form NA-2 Rev. 06/2021', 60, 750, { size: 8 });
  pen.text('Page 1 of 6', 500, 750, { size: 8 });
};

const boxes: Draw = (pen) => {
  pen.box(0, 0, 612, 64, '#1d2b45');
  pen.text('Beneficiary Designation', 40, 22, { font: 'Helvetica-Bold', size: 20, color: 'white' });
  pen.value('account', pen.account(), 570, 26, { size: 12, color: 'white', right: true });
  let y = 90;
  for (let person = 1; person <= 4; person++) {
    pen.box(40, y, 532, 18, '#4a4a4a');
    pen.text(`${person}. ${person < 3 ? 'PRIMARY' : 'CONTINGENT'} BENEFICIARY`, 46, y + 4, {
      font: 'Helvetica-Bold',
      size: 10,
      color: 'white',
    });
    const cells: [string, FieldKind, string, number, number][] = [
      ['Full name', 'name', pen.name(), 40, 266],
      ['Relationship', 'other', ['Spouse', 'Daughter', 'Trust', 'Nephew'][person - 1] ?? '', 306, 266],
      ['Date of birth', 'date', pen.date(), 40, 133],
      ['SSN or TIN', 'other', `${pen.digits(3)}-${pen.digits(2)}-${pen.digits(4)}`, 173, 133],
      ['Share', 'other', `${10 + Math.floor(pen.random() * 80)}.${pen.digits(1)}%`, 306, 133],
      ['Est. value', 'amount', `$${pen.amount()}`, 439, 133],
    ];
    for (const [index, [label, kind, value, x, width]] of cells.entries()) {
      const top = y + 18 + (index < 2 ? 0 : 38);
      if (person % 2 === 0) pen.box(x, top, width, 38, '#e2e2e2');
      pen.box(x, top, width, 38);
      pen.text(label, x + 4, top + 3, { size: 7 });
      pen.value(kind, value, x + 6, top + 17, { size: 11, font: 'Times-Roman' });
    }
    y += 118;
  }
  for (const [index, label] of ['Per stirpes', 'Per capita', 'Spousal consent attached'].entries()) {
    pen.box(46 + index * 150, 580, 9, 9);
    if (index === 1) {
      pen.rule(46 + 150, 580, 55 + 150, 589, 1.2);
      pen.rule(55 + 150, 580, 46 + 150, 589, 1.2);
    }
    pen.text(label, 60 + index * 150, 580, { size: 9 });
  }
  pen.text('Signature of owner', 40, 690, { size: 8 });
  pen.rule(40, 686, 300, 686);
  pen.text('Date', 340, 690, { size: 8 });
  pen.rule(340, 686, 500, 686);
  pen.value('date', pen.date(), 350, 672, { font: 'Courier', size: 11 });
};

const statement: Draw = (pen) => {
  pen.text('Account Statement', 50, 40, { font: 'Times-Bold', size: 18 });
  pen.text('Account', 380, 40, { size: 9 });
  pen.value('account', pen.account(), 560, 40, { size: 10, right: true });
  pen.text('Statement date', 380, 54, { size: 9 });
  pen.value('date', pen.date(), 560, 54, { size: 10, right: true });
  pen.value('name', pen.name(), 50, 70, { font: 'Times-Roman', size: 11 });
  const heads = ['Date', 'Description', 'Debit', 'Credit', 'Balance'];
  const at = [50, 120, 380, 470, 560];
  for (const [i, head] of heads.entries())
    pen.text(head, at[i] ?? 0, 104, { font: 'Helvetica-Bold', size: 9, right: i > 1 });
  pen.rule(50, 117, 560, 117, 1);
  for (let row = 0; row < 26; row++) {
    const y = 122 + row * 22;
    pen.value('date', pen.date(), 50, y, { size: 9 });
    pen.text(
      `${pick(pen.random, ['Dividend', 'Deposit', 'Fee', 'Withdrawal', 'Interest'])} ${fund(row)}`,
      120,
      y,
      { size: 9 },
    );
    pen.value('amount', pen.amount(40_000), row % 2 ? 470 : 380, y, { size: 9, right: true });
    pen.value('amount', pen.amount(), 560, y, { size: 9, right: true });
    if (row % 3 === 2) pen.rule(50, y + 15, 560, y + 15, 0.3);
  }
  pen.text('Ending balance', 380, 706, { font: 'Helvetica-Bold', size: 10, right: true });
  pen.value('amount', `$${pen.amount()}`, 560, 706, { font: 'Helvetica-Bold', size: 10, right: true });
};

const letter: Draw = (pen) => {
  pen.text('Harbor & Finch Trust Company', 72, 50, { font: 'Times-Bold', size: 15 });
  pen.text('One Exchange Place, Suite 2140, Jersey City, NJ 07302', 72, 70, {
    font: 'Times-Italic',
    size: 9,
  });
  pen.value('date', 'March 14, 2024', 72, 100, { font: 'Times-Roman', size: 10.5 });
  const owner = pen.name();
  pen.value('name', owner, 72, 122, { font: 'Times-Roman', size: 10.5 });
  let y = 150;
  const parts = [
    `Re: Account {account:${pen.account()}}, transfer of assets valued at {amount:$${pen.amount()}} as of {date:${pen.date()}}.`,
    `Dear {name:Ms. ${owner.split(' ')[2]}}: ${PROSE}`,
    `The proceeds of {amount:$${pen.amount()}} were credited to account {account:${pen.account()}} on {date:${pen.date()}}, net of a fee of {amount:$${pen.amount(200)}}. ${PROSE}`,
    `A required distribution of {amount:$${pen.amount()}} must be taken by {date:April 1, 2025}; the successor trustee {name:${pen.name()}} has been notified. ${PROSE}`,
  ];
  for (const part of parts) y = pen.paragraph(part, 72, y, 468, { font: 'Times-Roman', size: 10.5 }) + 8;
  pen.text('Sincerely,', 72, y + 6, { font: 'Times-Roman', size: 10.5 });
  pen.value('name', pen.name(), 72, y + 60, { font: 'Times-Roman', size: 10.5 });
  pen.scribble(76, y + 40, 110);
};

const finePrint: Draw = (pen) => {
  pen.text('Account Agreement and Fee Schedule', 54, 40, { font: 'Helvetica-Bold', size: 12 });
  let y = 64;
  for (let part = 1; part <= 6; part++) {
    y =
      pen.paragraph(
        `${part}. A maintenance fee of {amount:$${pen.amount(300)}} is charged to account {account:${pen.account()}} each year on {date:${pen.date()}}. ${PROSE} The limit is {amount:$${pen.amount()}}.`,
        54,
        y,
        504,
        { size: 8, leading: 1.2 },
      ) + 6;
  }
  for (let part = 7; part <= 8; part++) {
    y =
      pen.paragraph(
        `${part}. Contact {name:${pen.name()}} about case {account:${pen.digits(10)}}. ${PROSE}`,
        54,
        y,
        504,
        { size: 7, leading: 1.2 },
      ) + 6;
  }
};

const typewriter: Draw = (pen) => {
  const put = (text: string, x: number, y: number, kind?: FieldKind): void => {
    const style: Style = { font: pen.random() < 0.5 ? 'Courier' : 'Courier-Bold', size: 12 };
    if (kind) pen.value(kind, text, x, y + pen.random() * 1.6, style);
    else pen.text(text, x, y + pen.random() * 1.6, style);
  };
  put('MEMORANDUM OF ACCOUNT', 190, 50);
  let y = 90;
  for (let part = 0; part < 12; part++) {
    put('Account No.', 72, y);
    put(pen.account(), 170, y, 'account');
    put('opened', 300, y);
    put(pen.date(), 360, y, 'date');
    y += 20;
    put('in the name of', 72, y);
    put(pen.name(), 190, y, 'name');
    y += 20;
    put('balance forward', 72, y);
    put(`$${pen.amount()}`, 200, y, 'amount');
    y += 16;
  }
};

const capitals: Draw = (pen) => {
  pen.text('NOTICE OF ASSIGNMENT', 60, 50, { font: 'Times-Bold', size: 16 });
  let y = 84;
  for (let part = 0; part < 4; part++) {
    const owner = pen.name().toUpperCase();
    y =
      pen.paragraph(
        `THE UNDERSIGNED {name:${owner}} HEREBY ASSIGNS ACCOUNT {account:${pen.account()}} IN THE AMOUNT OF {amount:$${pen.amount()}} EFFECTIVE {date:${pen.date()}}. ${PROSE.slice(0, 420).toUpperCase()}`,
        60,
        y,
        492,
        { font: part % 2 ? 'Times-Roman' : 'Helvetica', size: 9.5 },
      ) + 10;
  }
};

const twoColumns: Draw = (pen) => {
  pen.text('Your Quarterly Review', 48, 40, { font: 'Helvetica-Bold', size: 18 });
  for (const x of [48, 318]) {
    let y = 80;
    for (let part = 0; part < 4; part++) {
      pen.text(pick(pen.random, FUNDS), x, y, { font: 'Times-Bold', size: 11 });
      // A leading that differs from the other column's, as in print.
      y =
        pen.paragraph(
          `Account {account:${pen.account()}} held {amount:$${pen.amount()}} on {date:${pen.date()}}. ${PROSE.slice(0, 380)}`,
          x,
          y + 15,
          246,
          { font: 'Times-Roman', size: 9.5 },
        ) + 9;
    }
  }
};

const darkHeader: Draw = (pen) => {
  pen.box(0, 0, 612, 110, '#0b3d2e');
  pen.text('PORTFOLIO SUMMARY', 40, 28, { font: 'Helvetica-Bold', size: 24, color: 'white' });
  pen.text('Prepared for', 40, 66, { size: 10, color: 'white' });
  pen.value('name', pen.name(), 110, 66, { size: 10, color: 'white' });
  pen.text('Account', 400, 66, { size: 10, color: 'white' });
  pen.value('account', pen.account(), 450, 66, { size: 10, color: 'white' });
  for (let block = 0; block < 3; block++) {
    const y = 140 + block * 190;
    pen.box(40, y, 532, 20, ['#333333', '#7a7a7a', '#0b3d2e'][block]);
    pen.text(['ASSET ALLOCATION', 'INCOME AND EXPENSE', 'ACTIVITY'][block] ?? '', 48, y + 5, {
      font: 'Helvetica-Bold',
      size: 10,
      color: 'white',
    });
    pen.value('amount', `$${pen.amount()}`, 564, y + 5, {
      font: 'Helvetica-Bold',
      size: 10,
      color: 'white',
      right: true,
    });
    for (let row = 0; row < 7; row++) {
      const top = y + 24 + row * 21;
      if (row % 2) pen.box(40, top, 532, 21, '#dfe6e2');
      pen.text(fund(row + block * 3), 48, top + 5, { size: 10 });
      pen.value('date', pen.date(), 300, top + 5, { size: 10 });
      pen.value('amount', `$${pen.amount()}`, 564, top + 5, { size: 10, right: true });
    }
  }
};

const stamped: Draw = (pen) => {
  pen.text('LETTER OF INSTRUCTION', 72, 60, { font: 'Helvetica-Bold', size: 14 });
  let y = 100;
  for (let part = 0; part < 3; part++) {
    y =
      pen.paragraph(
        `Please move {amount:$${pen.amount()}} from account {account:${pen.account()}} to {name:${pen.name()}} on {date:${pen.date()}}. ${PROSE.slice(0, 300)}`,
        72,
        y,
        468,
        { size: 11 },
      ) + 14;
  }
  pen.scribble(80, y + 50, 160);
  pen.rule(72, y + 66, 300, y + 66);
  pen.value('name', pen.name(), 72, y + 70, { size: 10 });
  pen.text('Dated', 340, y + 70, { size: 10 });
  pen.value('date', pen.date(), 375, y + 70, { size: 10 });
  // A stamp across the print. Its own words do not count as truth: they are too large a share of luck.
  pen.doc
    .save()
    .rotate(-12, { origin: [430, 230] })
    .opacity(0.45);
  pen.doc.rect(350, 200, 170, 60).lineWidth(3).strokeColor('#555').stroke();
  pen.doc.rect(355, 205, 160, 50).lineWidth(1).stroke();
  pen.doc.restore();
  pen.doc
    .save()
    .opacity(0.5)
    .circle(470, y + 40, 46)
    .lineWidth(2)
    .strokeColor('#444')
    .stroke()
    .circle(470, y + 40, 34)
    .lineWidth(1)
    .stroke()
    .restore();
};

const holdings: Draw = (pen) => {
  pen.text('Holdings', 36, 36, { font: 'Helvetica-Bold', size: 14 });
  pen.text('Account', 420, 40, { size: 8 });
  pen.value('account', pen.account(), 576, 40, { size: 8, right: true });
  const at = [36, 110, 300, 380, 480, 576];
  for (const [i, head] of ['CUSIP', 'Security', 'Quantity', 'Price', 'Cost basis', 'Market value'].entries())
    pen.text(head, at[i] ?? 0, 64, { font: 'Helvetica-Bold', size: 7.5, right: i > 1 });
  for (let row = 0; row < 40; row++) {
    const y = 78 + row * 16;
    pen.rule(36, y - 3, 576, y - 3, 0.3);
    pen.value('other', `${pen.digits(3)}${['78X', '10Q', '4AB', 'G1T'][row % 4]}${pen.digits(3)}`, 36, y, {
      size: 7.5,
    });
    pen.text(fund(row), 110, y, { size: 7.5 });
    pen.value('amount', `${pen.amount(9_000)}${pen.digits(1)}`, 300, y, { size: 7.5, right: true });
    pen.value('amount', pen.amount(400), 380, y, { size: 7.5, right: true });
    pen.value('amount', pen.amount(), 480, y, { size: 7.5, right: true });
    pen.value('amount', pen.amount(), 576, y, { size: 7.5, right: true });
  }
};

const check: Draw = (pen) => {
  pen.text('TRANSFER OF ASSETS', 60, 44, { font: 'Helvetica-Bold', size: 15 });
  const cells: [string, FieldKind, () => string][] = [
    ['Delivering firm acct', 'account', () => pen.account()],
    ['Receiving firm acct', 'account', () => pen.account()],
    ['Client name', 'name', () => pen.name()],
    ['Trade date', 'date', () => pen.date()],
    ['Gross amount', 'amount', () => `$${pen.amount()}`],
    ['Withholding', 'amount', () => `($${pen.amount(9_000)})`],
    ['DTC number', 'other', () => `0${pen.digits(3)}`],
    ['Reference', 'other', () => `TOA${pen.digits(7)}`],
  ];
  for (let block = 0; block < 4; block++) {
    for (const [index, [label, kind, make]] of cells.entries()) {
      const x = 60 + (index % 2) * 250;
      const y = 84 + block * 160 + Math.floor(index / 2) * 34;
      pen.text(label, x, y, { size: 8.5 });
      pen.box(x + 90, y - 4, 148, 18);
      pen.value(kind, make(), x + 95, y, { size: 10, font: block % 2 ? 'Courier' : 'Times-Roman' });
    }
  }
};

const DRAWN: Record<string, Draw> = {
  form,
  boxes,
  statement,
  letter,
  finePrint,
  typewriter,
  capitals,
  twoColumns,
  darkHeader,
  stamped,
  holdings,
  check,
};

export async function allSheets(seed: number): Promise<Sheet[]> {
  const sheets: Sheet[] = [];
  for (const [index, [name, draw]] of Object.entries(DRAWN).entries()) {
    const pen = new Pen(seeded(seed + index));
    draw(pen);
    sheets.push(await pen.end(name));
  }
  return sheets;
}
