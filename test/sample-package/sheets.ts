import {
  accountBand,
  boxes,
  letterhead,
  paragraphs,
  section,
  signatures,
  smallPrint,
  table,
  type Entry,
} from './form.js';
import { BANK, namesOf, type Account, type Person } from './people.js';
import {
  fill,
  frame,
  INK,
  line,
  MARGIN,
  RIGHT,
  sign,
  SOFT,
  TEAL,
  TINT,
  write,
  writeParagraph,
  writeValue,
  type Pen,
} from './pen.js';

/** The sheets of a package. What is read on them is written by `writeValue` alone; nothing else looks like it. */

export function cover(pen: Pen, contents: readonly (readonly string[])[]): void {
  fill(pen, [0, 0, 612, 250], TEAL);
  write(pen, BANK.name, MARGIN, 120, { font: 'Times-Bold', size: 30, colour: '#ffffff' });
  write(pen, 'New Account Package', MARGIN, 156, { font: 'Times-Italic', size: 20, colour: '#d7e6e8' });
  write(pen, BANK.address, MARGIN, 214, { size: 10, colour: '#d7e6e8' });
  writeParagraph(
    pen,
    'This package holds the papers of the accounts opened at the Alder Falls office in March 2025. ' +
      'Each sheet was checked at the counter before it was sent to records.',
    MARGIN,
    296,
    { width: 440, size: 11 },
  );
  table(
    pen,
    366,
    [
      { head: 'Sheets', right: 120 },
      { head: 'Papers', right: 316 },
      { head: 'Kept for', right: RIGHT },
    ],
    contents,
  );
  smallPrint(
    pen,
    'The bank, the people and the numbers in this package were made up. It was drawn to show how a package is read.',
  );
}

export function agreement(pen: Pen, account: Account): void {
  const [borrower] = account.holders;
  letterhead(pen, 'Consumer Loan Agreement', 'CCB-210 (01/25), first of two sheets');
  accountBand(pen, account.number, ['Date Opened', 'Date_Opened', account.opened]);
  let y = section(pen, 178, 'Loan', [
    [
      ['Account Type', 'Account_Type', 'Consumer Installment Loan'],
      ['Branch', 'Branch', 'Alder Falls Main'],
    ],
    [
      ['Product Name', 'Product_Name', 'Home Improvement 60'],
      ['CIF Number', 'CIF_Number', account.cif],
    ],
    [['Purpose', 'Account_Purpose', 'Roof and window replacement']],
  ]);
  y = section(pen, y, 'Borrower', [
    [
      ['Account Holder', 'Account_Holders', namesOf(account)],
      ['Date of Birth', 'DOB', borrower.birth],
    ],
    [['Mailing Address', 'Mailing_Address', borrower.address]],
    [
      ['Phone Number', 'Phone_Number', borrower.phone],
      ['SSN', 'SSN', borrower.ssn],
    ],
    [
      ['Employer', 'Employer', borrower.employer],
      ['Occupation', 'Occupation', borrower.occupation],
    ],
    [['Email', 'Email', borrower.email]],
  ]);
  y = section(pen, y, 'Terms', [
    [
      ['Amount Financed', 'Amount_Financed', '$24,500.00'],
      ['Interest Rate', 'Interest_Rate', '6.75%'],
    ],
    [
      ['Monthly Payment', 'Monthly_Payment', '$482.24'],
      ['Loan Term', 'Loan_Term', '60 months'],
    ],
    [
      ['First Payment Due', 'First_Payment_Due', '04/15/2025'],
      ['Maturity Date', 'Maturity_Date', '03/15/2030'],
    ],
  ]);
  paragraphs(pen, y + 4, [
    'You promise to pay the amount financed with interest at the rate above, in equal monthly payments until the ' +
      'maturity date. Interest accrues daily on the unpaid principal. You may prepay at any time without a fee.',
  ]);
  smallPrint(
    pen,
    'A payment that arrives more than ten days late is charged five percent of the payment, at most $15.00. This ' +
      'agreement is governed by the law of the state in which the office above stands, and by federal law.',
  );
}

export function agreementTerms(pen: Pen, account: Account): void {
  letterhead(pen, 'Consumer Loan Agreement', 'CCB-210 (01/25), second of two sheets');
  accountBand(pen, account.number);
  let y = paragraphs(pen, 176, [
    'Security. The loan is secured by the improvements it pays for. You keep them insured and in good repair for as ' +
      'long as anything is owed, and you tell the bank before you sell the home they are part of.',
    'Default. You are in default when a payment is more than thirty days late, when a statement you made to obtain ' +
      'the loan was false, or when the security is lost and not replaced. The bank may then ask for all that is owed.',
    'Notices. The bank writes to the mailing address it was last given. A change of address is told in writing.',
  ]);
  y = section(pen, y + 12, 'Where the money goes', [
    [
      ['Paid to Borrower', 'Paid_To_Borrower', '$23,870.00'],
      ['Recording Fee', 'Recording_Fee', '$120.00'],
    ],
    [
      ['Title Search', 'Title_Search', '$210.00'],
      ['Origination Fee', 'Origination_Fee', '$300.00'],
    ],
  ]);
  y = table(
    pen,
    y + 10,
    [
      { head: 'Payment', right: 120 },
      { head: 'Due', right: 220 },
      { head: 'Principal', right: 330, isFigure: true },
      { head: 'Interest', right: 440, isFigure: true },
      { head: 'Owed after it', right: RIGHT - 8, isFigure: true },
    ],
    [
      ['1', '04/15/2025', '344.43', '137.81', '24,155.57'],
      ['2', '05/15/2025', '346.36', '135.88', '23,809.21'],
      ['3', '06/15/2025', '348.31', '133.93', '23,460.90'],
      ['4', '07/15/2025', '350.27', '131.97', '23,110.63'],
    ],
  );
  y = section(pen, y + 6, 'Signed', [
    [
      ['Opened By', 'Opened_By', 'Lena Marsh'],
      ['Date', 'Date', account.opened],
    ],
  ]);
  signatures(pen, y + 46, ['signed by the borrower', 'for the bank'], 4);
  smallPrint(
    pen,
    'Keep a copy of both sheets. Questions about this loan are answered at the counter or by telephone on weekdays.',
  );
}

export function licence(pen: Pen, holder: Person): void {
  letterhead(pen, 'Copy of Identification', 'CCB-115 (06/24), copied at the counter');
  write(pen, 'Seen in the original and copied to scale. Not valid as identification.', MARGIN, 128, {
    size: 9,
    colour: SOFT,
  });
  const [left, top, right, bottom] = [86, 170, 526, 450] as const;
  pen.document
    .roundedRect(left, top, right - left, bottom - top, 14)
    .lineWidth(1)
    .fillAndStroke('#f4f8fb', SOFT);
  pen.document.roundedRect(left, top, right - left, 42, 14).fill('#1f4e8c');
  fill(pen, [left, top + 26, right, top + 42], '#1f4e8c');
  write(pen, 'JEFFERSON', left + 18, top + 28, { font: 'Helvetica-Bold', size: 18, colour: '#ffffff' });
  write(pen, 'DRIVER LICENSE', right - 160, top + 28, {
    font: 'Helvetica-Bold',
    size: 15,
    colour: '#ffffff',
  });
  portrait(pen, left + 18, top + 60);
  const x = left + 150;
  const put = ([label, field, value]: Entry, at: number, y: number, indent: number) => {
    write(pen, `${label}:`, at, top + y, { size: 8, colour: '#1f4e8c' });
    writeValue(pen, field, value, at + indent, top + y, { font: 'Helvetica-Bold', size: 11 });
  };
  put(['License Number', 'License_Number', holder.licence], x, 74, 84);
  put(['Class', 'License_Class', 'C'], x + 190, 74, 42);
  put(['Full Name', 'Full_Name', holder.name], x, 100, 84);
  put(['Address', 'Address', holder.address], x, 126, 42);
  put(['Date of Birth', 'DOB', holder.birth], x, 152, 84);
  put(['Sex', 'Sex', 'F'], x + 190, 152, 42);
  put(['Issue Date', 'Issue_Date', '09/02/2022'], x, 178, 84);
  put(['Height', 'Height', `5'-06"`], x + 190, 178, 42);
  put(['Expiration Date', 'Expiration_Date', '08/22/2030'], x, 204, 84);
  put(['Eyes', 'Eye_Color', 'Brown'], x + 190, 204, 42);
  put(['Restrictions', 'Restrictions', 'Corrective lenses'], x, 230, 84);
  sign(pen, left + 24, bottom - 22, 4);
  paragraphs(pen, 492, [
    'The person named above showed this card when the account was opened. The picture was compared with the person, ' +
      'and the card was found to be unaltered and in force.',
  ]);
  signatures(pen, 570, ['copied for the bank'], 7);
}

function portrait({ document }: Pen, x: number, y: number): void {
  document.rect(x, y, 108, 136).fill('#d5e2ee');
  document.circle(x + 54, y + 52, 25).fill('#7a92ab');
  document
    .path(`M ${x + 8} ${y + 136} C ${x + 10} ${y + 74} ${x + 98} ${y + 74} ${x + 100} ${y + 136} Z`)
    .fill('#7a92ab');
}

export function signatureCard(pen: Pen, account: Account): void {
  letterhead(pen, 'Signature Card', 'CCB-104 (09/24)');
  accountBand(pen, account.number, ['Date Opened', 'Date_Opened', account.opened]);
  let y = boxes(pen, 164, [['Account Holders', 'Account_Holders', namesOf(account)]]);
  y = boxes(pen, y, [
    ['Account Type', 'Account_Type', 'Personal Checking'],
    [
      'Ownership Type',
      'Ownership_Type',
      account.holders.length > 1 ? 'Joint with Survivorship' : 'Individual',
    ],
  ]);
  y = boxes(pen, y, [
    ['Product Name', 'Product_Name', 'Everyday Checking'],
    ['Branch', 'Branch', 'Alder Falls Main'],
    ['Signatures Required', 'Signatures_Required', '1'],
  ]);
  account.holders.forEach((holder, index) => {
    const signer = `Signer ${index + 1}`;
    const named = `Signer${index + 1}`;
    y = boxes(pen, y + 18, [
      [`${signer} Name`, `${named}_Name`, holder.name],
      [`${signer} Date of Birth`, `${named}_DOB`, holder.birth],
    ]);
    y = boxes(pen, y, [
      [`${signer} SSN`, `${named}_SSN`, holder.ssn],
      [`${signer} Phone`, `${named}_Phone`, holder.phone],
      [`${signer} Driver License`, `${named}_DriversLicense`, holder.licence],
    ]);
  });
  signatures(
    pen,
    y + 62,
    account.holders.map(({ name }) => `signed by ${name}`),
    4,
  );
  paragraphs(pen, y + 100, [
    'Each person who signed above is authorized to draw on the account alone. The signatures are compared with ' +
      'those on checks and orders. Changes take effect when a new card is signed.',
  ]);
  smallPrint(
    pen,
    'Under penalties of perjury each signer certifies that the taxpayer number given is correct and that no backup ' +
      'withholding applies. This card replaces any card signed before it.',
  );
}

export function beneficiaries(pen: Pen, account: Account): void {
  const [holder] = account.holders;
  letterhead(pen, 'Payable on Death', 'CCB-131 (02/25), fed sideways');
  accountBand(pen, account.number);
  let y = section(pen, 182, 'Who is to have the account', [
    [['Beneficiary', 'Beneficiary', 'Theo J. Ellison']],
    [
      ['Relationship', 'Relationship', 'Son'],
      ['Percentage', 'Percentage', '100%'],
    ],
    [['Beneficiary Phone', 'Beneficiary_Phone', '(503) 555-0155']],
  ]);
  y = section(pen, y, 'Where the holders are reached', [
    [
      ['Home Phone', 'Home_Phone', holder.phone],
      ['Mobile Phone', 'Mobile_Phone', holder.mobile],
    ],
    [['Mailing Address', 'Mailing_Address', holder.address]],
    [['Email', 'Email', holder.email]],
  ]);
  paragraphs(pen, y + 4, [
    'When the last holder has died, the bank pays what the account holds to the person named above. Until then that ' +
      'person has no right to it. The holders may name another person at any time, in writing.',
  ]);
  signatures(
    pen,
    y + 110,
    account.holders.map(({ name }) => `signed by ${name}`),
    4,
  );
}

/** Filled in on a typewriter; to be scanned. */
export function identification(pen: Pen, account: Account): void {
  const typed = { font: 'Courier-Bold', size: 12 };
  const row = (y: number, [label, field, value]: Entry) => {
    write(pen, `${label}:`, 80, y, { font: 'Times-Roman', size: 12 });
    writeValue(pen, field, value, 230, y, typed);
    line(pen, [225, y + 5, 530, y + 5], '#777777');
  };
  const { document } = pen;
  for (const y of [140, 396, 652]) document.circle(26, y, 9).fill('#4c4c4c');
  write(pen, BANK.name, 80, 84, { font: 'Times-Bold', size: 18 });
  write(pen, 'Customer Identification Record', 80, 112, { font: 'Times-Roman', size: 15 });
  line(pen, [80, 124, 530, 124], INK, 1.2);
  row(160, ['Account Number', 'Account_Number', account.number]);
  row(192, ['Full Name', 'Full_Name', account.holders[1]?.name ?? account.holders[0].name]);
  row(224, ['Document Type', 'Document_Type', 'Passport']);
  row(256, ['Document Number', 'Document_Number', '584120963']);
  row(288, ['Issue Date', 'Issue_Date', '05/30/2021']);
  row(320, ['Expiration Date', 'Expiration_Date', '05/29/2031']);
  row(352, ['Verified By', 'Verified_By', 'Lena Marsh']);
  row(384, ['Verified Date', 'Verified_Date', account.opened]);
  writeParagraph(
    pen,
    'The document was shown in the original. Its holder was asked for a second proof of address, and a ' +
      'utility bill of the month before was seen and given back.',
    80,
    430,
    { width: 450, font: 'Times-Roman', size: 12 },
  );
  sign(pen, 96, 536, 7);
  line(pen, [80, 540, 290, 540], INK, 0.8);
  write(pen, 'for the bank', 80, 555, { font: 'Times-Italic', size: 11 });
}

/** What moved on an account within a month. */
export interface Month {
  period: string;
  opening: number;
  moves: readonly { date: string; what: string; amount: number }[];
}

export function statement(pen: Pen, account: Account, { period, opening, moves }: Month): void {
  letterhead(pen, 'Statement of Account', 'CCB-300, printed for the holders');
  accountBand(pen, account.number, ['Statement Period', 'Statement_Period', period]);
  const closing = moves.reduce((sum, { amount }) => sum + amount, opening);
  let y = section(pen, 178, 'At a glance', [
    [
      ['Opening Balance', 'Opening_Balance', `$${money(opening)}`],
      ['Closing Balance', 'Closing_Balance', `$${money(closing)}`],
    ],
  ]);
  let balance = opening;
  y = table(
    pen,
    y + 8,
    [
      { head: 'Posted', right: 120 },
      { head: 'What it was', right: 340 },
      { head: 'In or out', right: 450, isFigure: true },
      { head: 'Left', right: RIGHT - 8, isFigure: true },
    ],
    moves.map(({ date, what, amount }) => {
      balance += amount;
      return [date, what, `${amount < 0 ? '-' : ''}${money(Math.abs(amount))}`, money(balance)];
    }),
  );
  paragraphs(pen, y + 8, [
    'Please look through this statement. What is wrong in it can be put right within sixty days of its date.',
  ]);
  smallPrint(
    pen,
    'Deposits may not be available at once. Ask at the counter which holds apply, and what a copy of a check costs.',
  );
}

/** Cents as dollars, with commas; written out, because what a locale gives may change. */
function money(cents: number): string {
  const [whole = '', part = ''] = (cents / 100).toFixed(2).split('.');
  return `${whole.replace(/(?<=\d)(?=(?:\d{3})+$)/g, ',')}.${part}`;
}

export function certificate(pen: Pen, account: Account): void {
  frame(pen, [16, 16, 596, 776], TEAL);
  frame(pen, [22, 22, 590, 770], TEAL);
  for (const [x, y] of [
    [22, 22],
    [590, 22],
    [22, 770],
    [590, 770],
  ] as const) {
    pen.document.circle(x, y, 9).lineWidth(1).fillAndStroke(TINT, TEAL);
  }
  letterhead(pen, 'Certificate of Deposit', 'CCB-160 (01/25), not transferable');
  accountBand(pen, account.number, ['Certificate Number', 'Certificate_Number', 'CD-20418']);
  let y = section(pen, 186, 'This certifies that the person below has deposited', [
    [['Principal Amount', 'Principal_Amount', '$15,000.00']],
    [['Account Holder', 'Account_Holders', namesOf(account)]],
    [['Ownership Type', 'Ownership_Type', 'Individual']],
  ]);
  y = section(pen, y, 'On these terms', [
    [
      ['Issue Date', 'Issue_Date', account.opened],
      ['Maturity Date', 'Maturity_Date', '09/21/2026'],
    ],
    [
      ['Interest Rate', 'Interest_Rate', '4.10%'],
      ['Annual Yield', 'Annual_Yield', '4.18%'],
    ],
    [
      ['Deposit Term', 'Deposit_Term', '18 months'],
      ['Interest Paid', 'Interest_Paid', 'Monthly'],
    ],
  ]);
  paragraphs(pen, y + 4, [
    'The bank pays the principal with the interest then due to the person named above on the maturity date, against ' +
      'this certificate. It renews for the same term unless other orders are given within ten days of that date.',
  ]);
  signatures(pen, y + 120, ['for the bank', 'countersigned'], 7);
}

export function disclosure(pen: Pen, account: Account): void {
  letterhead(pen, 'Truth in Savings', 'CCB-161 (01/25)');
  accountBand(pen, account.number, ['Account Type', 'Account_Type', 'Certificate of Deposit']);
  let y = section(pen, 180, 'In short', [
    [
      ['Minimum Deposit', 'Minimum_Deposit', '$1,000.00'],
      ['Compounding', 'Compounding', 'Monthly'],
    ],
    [['Early Withdrawal Penalty', 'Early_Withdrawal_Penalty', '90 days of interest']],
  ]);
  y = paragraphs(pen, y + 6, [
    'Rate. The rate is fixed for the whole term. The annual yield assumes that interest stays on deposit until ' +
      'maturity. A withdrawal lowers what is earned.',
    'Withdrawals. The principal may be withdrawn before maturity only with the consent of the bank, and then at the ' +
      'penalty above. No penalty is charged when a holder has died or was declared incompetent.',
    'Renewal. You have ten days after maturity to withdraw without a penalty. After that the deposit is renewed at ' +
      'the rate then offered for the same term.',
    'Additions. Nothing can be added to the deposit during its term.',
  ]);
  table(
    pen,
    y + 24,
    [
      { head: 'If withdrawn after', right: 220 },
      { head: 'Interest earned', right: 380, isFigure: true },
      { head: 'Penalty', right: RIGHT - 8, isFigure: true },
    ],
    [
      ['6 months', '310.14', '154.78'],
      ['12 months', '626.69', '157.98'],
      ['18 months', '949.79', '0.00'],
    ],
  );
  smallPrint(
    pen,
    'The figures of the table are for the principal and the rate of the certificate that came with it.',
  );
}

export function instructions(pen: Pen, account: Account): void {
  const [holder] = account.holders;
  letterhead(pen, 'Orders at Maturity', 'CCB-164 (01/25)');
  accountBand(pen, account.number, ['CIF Number', 'CIF_Number', account.cif]);
  let y = section(pen, 182, 'The holder', [
    [
      ['Full Name', 'Full_Name', holder.name],
      ['Date of Birth', 'DOB', holder.birth],
    ],
    [['Mailing Address', 'Mailing_Address', holder.address]],
    [
      ['SSN', 'SSN', holder.ssn],
      ['Phone Number', 'Phone_Number', holder.phone],
    ],
    [
      ['Occupation', 'Occupation', holder.occupation],
      ['Mobile Phone', 'Mobile_Phone', holder.mobile],
    ],
  ]);
  y = section(pen, y, 'What is to be done', [
    [
      ['Renewal Option', 'Renewal_Option', 'Renew once'],
      ['Notice Sent By', 'Notice_Sent_By', 'Letter'],
    ],
    [
      ['Verified By', 'Verified_By', 'Lena Marsh'],
      ['Verified Date', 'Verified_Date', account.opened],
    ],
  ]);
  paragraphs(pen, y + 4, [
    'These orders stand until they are changed in writing. The bank sends a notice thirty days before maturity.',
  ]);
  signatures(pen, y + 100, [`signed by ${holder.name}`, 'for the bank'], 9);
}
