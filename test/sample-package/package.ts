import { drawn } from '../pdf-fixtures.js';
import { CERTIFICATE, CHECKING, LOAN, MARGUERITE, OWEN, PRIYA, type Account } from './people.js';
import { bytesOf, LETTER, newDocument, type Box, type Pen, type Written } from './pen.js';
import { pictureOf } from './scan.js';
import * as sheets from './sheets.js';

/** A value that was drawn on a page of a document. */
export interface DrawnField {
  account: string;
  /** As the embedded model names it. */
  field: string;
  value: string;
  page: number;
  /**
   * Left, top, right and bottom of its letters, from the tops of capitals to the line they stand on, as fractions of
   * the page as PDFium draws it, from its top left.
   */
  box: Box;
}

/** A made document, and all that is to be read in it. */
export interface DrawnPackage {
  pdf: Buffer;
  fields: DrawnField[];
  /** Each account's pages. */
  accounts: { account: string; pages: number[] }[];
  unassignedPages: number[];
  blankPages: number[];
  /** Pages that are a picture and nothing else. */
  scannedPages: number[];
  pages: number;
}

/** A sheet of a package: what is drawn on it, and how it came into the PDF. */
interface Sheet {
  account: Account | undefined;
  /** Draws it; a sheet without is blank. */
  draw?: (pen: Pen) => void;
  /** A picture without text, a little askew; or a page that lies on its side. */
  as?: 'scan' | 'sideways';
}

const MARCH: sheets.Month = {
  period: '03/17/2025 to 04/16/2025',
  opening: 0,
  moves: [
    { date: '03/17/2025', what: 'Deposit at the counter', amount: 150_000 },
    { date: '03/21/2025', what: 'Payroll, Tamarack Veterinary', amount: 218_450 },
    { date: '03/24/2025', what: 'Alder Falls Water District', amount: -6_412 },
    { date: '03/28/2025', what: 'Payroll, School District', amount: 194_020 },
    { date: '04/01/2025', what: 'Check 1001', amount: -125_000 },
    { date: '04/04/2025', what: 'Payroll, Tamarack Veterinary', amount: 218_450 },
    { date: '04/09/2025', what: 'Grocer on Mill Street', amount: -18_733 },
    { date: '04/11/2025', what: 'Payroll, School District', amount: 194_020 },
    { date: '04/15/2025', what: 'Loan payment', amount: -48_224 },
    { date: '04/16/2025', what: 'Interest', amount: 37 },
  ],
};

/** The sample of three accounts: 12 pages, one of them scanned, one sideways, one blank, and a cover. */
export function samplePackage(): Promise<DrawnPackage> {
  const contents = [
    ['2 to 4', 'Loan agreement and identification', MARGUERITE.name],
    ['5 to 9', 'Checking account, joint', `${MARGUERITE.name}, ${OWEN.name}`],
    ['10 to 12', 'Certificate of deposit', PRIYA.name],
  ];
  return drawnPackage('Copperleaf Community Bank, new account package', [
    { account: undefined, draw: (pen) => sheets.cover(pen, contents) },
    { account: LOAN, draw: (pen) => sheets.agreement(pen, LOAN) },
    { account: LOAN, draw: (pen) => sheets.agreementTerms(pen, LOAN) },
    { account: LOAN, draw: (pen) => sheets.licence(pen, MARGUERITE) },
    { account: CHECKING, draw: (pen) => sheets.signatureCard(pen, CHECKING) },
    { account: CHECKING, draw: (pen) => sheets.beneficiaries(pen, CHECKING), as: 'sideways' },
    { account: CHECKING },
    { account: CHECKING, draw: (pen) => sheets.identification(pen, CHECKING), as: 'scan' },
    { account: CHECKING, draw: (pen) => sheets.statement(pen, CHECKING, MARCH) },
    { account: CERTIFICATE, draw: (pen) => sheets.certificate(pen, CERTIFICATE) },
    { account: CERTIFICATE, draw: (pen) => sheets.disclosure(pen, CERTIFICATE) },
    { account: CERTIFICATE, draw: (pen) => sheets.instructions(pen, CERTIFICATE) },
  ]);
}

const LOAN_SHEETS = [
  sheets.agreement,
  sheets.agreementTerms,
  (pen: Pen, { holders }: Account) => sheets.licence(pen, holders[0]),
];
const CHECKING_SHEETS = [sheets.signatureCard, sheets.beneficiaries];
const CERTIFICATE_SHEETS = [sheets.certificate, sheets.disclosure, sheets.instructions];
const FIRST_SHEETS = [LOAN_SHEETS, CHECKING_SHEETS, CERTIFICATE_SHEETS];
const HOLDERS: readonly Account['holders'][] = [[MARGUERITE], [MARGUERITE, OWEN], [PRIYA]];

/** A long document of the same sheets, all of it text: a cover, then each account's papers and its statements. */
export function longPackage({ pages, accounts }: { pages: number; accounts: number }): Promise<DrawnPackage> {
  const all: Sheet[] = [{ account: undefined, draw: (pen) => sheets.cover(pen, []) }];
  for (let index = 0; index < accounts; index++) {
    const account: Account = {
      number: String(7_100_000_000 + index * 7_919),
      holders: HOLDERS[index % HOLDERS.length] ?? [PRIYA],
      cif: String(40_000 + index * 13),
      opened: '03/14/2025',
    };
    const first = FIRST_SHEETS[index % FIRST_SHEETS.length] ?? [];
    const share = Math.floor(((pages - 1) * (index + 1)) / accounts) + 1 - all.length;
    for (let sheet = 0; sheet < share; sheet++) {
      const draw = first[sheet];
      const month = monthOf(sheet);
      all.push({
        account,
        draw: (pen) => (draw ? draw(pen, account) : sheets.statement(pen, account, month)),
      });
    }
  }
  return drawnPackage(`A package of ${pages} pages`, all);
}

function monthOf(number: number): sheets.Month {
  const month = String((number % 12) + 1).padStart(2, '0');
  const year = 2024 + Math.floor(number / 12);
  return {
    period: `${month}/01/${year} to ${month}/28/${year}`,
    opening: 100_000 + number * 10_101,
    moves: [
      { date: `${month}/05/${year}`, what: 'Deposit at the counter', amount: 25_000 },
      { date: `${month}/12/${year}`, what: 'Grocer on Mill Street', amount: -12_950 },
      { date: `${month}/27/${year}`, what: 'Interest', amount: 41 + number },
    ],
  };
}

async function drawnPackage(title: string, all: readonly Sheet[]): Promise<DrawnPackage> {
  const document = newDocument(title);
  const fields: DrawnField[] = [];
  for (const [index, sheet] of all.entries()) {
    document.addPage();
    const written = sheet.draw ? await put(document, sheet.draw, sheet.as) : [];
    if (!sheet.account) continue;
    const { number: account } = sheet.account;
    fields.push(...written.map((field) => ({ account, ...field, page: index + 1 })));
  }
  const numbered = all.map((sheet, index) => ({ ...sheet, page: index + 1 }));
  const pagesWhere = (is: (sheet: Sheet) => boolean) => numbered.filter(is).map(({ page }) => page);
  const accounts = [...new Set(all.flatMap(({ account }) => account ?? []))];
  return {
    pdf: await bytesOf(document),
    fields: fields.map(({ box, ...field }) => ({ ...field, box: box.map(rounded) as Box })),
    accounts: accounts.map((one) => ({
      account: one.number,
      pages: pagesWhere(({ account }) => account === one),
    })),
    unassignedPages: pagesWhere(({ account }) => !account),
    blankPages: pagesWhere(({ draw }) => !draw),
    scannedPages: pagesWhere(({ as }) => as === 'scan'),
    pages: all.length,
  };
}

/** Draws a sheet on the page that was added last; boxes come back as fractions of the page as it is shown. */
async function put(
  document: PDFKit.PDFDocument,
  draw: (pen: Pen) => void,
  as: Sheet['as'],
): Promise<Written[]> {
  if (as === 'scan') return scanned(document, draw);
  const pen: Pen = { document, written: [] };
  draw(pen);
  if (as === 'sideways') Object.assign(document.page.dictionary.data, { Rotate: 90 });
  return pen.written.map((field) => {
    const [left, top, right, bottom] = fractions(field.box);
    // Turned by a quarter clockwise, what was the bottom is at the left.
    return {
      ...field,
      box: as === 'sideways' ? [1 - bottom, left, 1 - top, right] : [left, top, right, bottom],
    };
  });
}

/** Degrees clockwise that the sheet lies askew in the scanner. */
const ASKEW = 0.4;

async function scanned(document: PDFKit.PDFDocument, draw: (pen: Pen) => void): Promise<Written[]> {
  const sheet = newDocument('A sheet to be scanned');
  sheet.addPage();
  sheet.rotate(ASKEW, { origin: [LETTER.width / 2, LETTER.height / 2] });
  const pen: Pen = { document: sheet, written: [] };
  draw(pen);
  const picture = await drawn(await bytesOf(sheet), 1, 170);
  Object.assign(document.page.xobjects, { Scan: pictureOf(document, picture) });
  document.addContent(`q ${LETTER.width} 0 0 -${LETTER.height} 0 ${LETTER.height} cm /Scan Do Q`);
  return pen.written.map((field) => ({ ...field, box: fractions(turned(field.box)) }));
}

/** Round a box that was turned about the middle of the page. */
function turned([left, top, right, bottom]: Box): Box {
  const [sin, cos] = [Math.sin((ASKEW * Math.PI) / 180), Math.cos((ASKEW * Math.PI) / 180)];
  const [middle, centre] = [LETTER.width / 2, LETTER.height / 2];
  const corners = [
    [left, top],
    [right, top],
    [left, bottom],
    [right, bottom],
  ].map(([x = 0, y = 0]) => [
    middle + (x - middle) * cos - (y - centre) * sin,
    centre + (x - middle) * sin + (y - centre) * cos,
  ]);
  const [xs, ys] = [corners.map(([x = 0]) => x), corners.map(([, y = 0]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function fractions([left, top, right, bottom]: Box): Box {
  return [left / LETTER.width, top / LETTER.height, right / LETTER.width, bottom / LETTER.height];
}

function rounded(fraction: number): number {
  return Number(fraction.toFixed(4));
}
