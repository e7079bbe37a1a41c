import { pagesBy, type MadePage, type Pen } from './pen.js';
import { money, type Kind } from './values.js';

/** Pages that support is measured on: other papers, other layouts, other labels than those of the fit. */

type Row = readonly [label: string, name: string, kind: Kind];

/** A grid with the label to the left, in a column of its own. */
function application(pen: Pen): void {
  pen.text('RESIDENTIAL LOAN APPLICATION', 180, 34, 13);
  const rows: readonly Row[] = [
    ['Borrower', 'Borrower_Name', 'person'],
    ['Co-Borrower', 'CoBorrower_Name', 'person'],
    ['Borrower taxpayer ID', 'Borrower_SSN', 'ssn'],
    ['Property address', 'Property_Address', 'address'],
    ['Present address', 'Present_Address', 'address'],
    ['Employer of borrower', 'Borrower_Employer', 'company'],
    ['Gross monthly income', 'Monthly_Income', 'amount'],
    ['Loan amount requested', 'Loan_Amount', 'amount'],
    ['Purchase price', 'Purchase_Price', 'amount'],
    ['Note rate', 'Interest_Rate', 'rate'],
    ['Application date', 'Application_Date', 'date'],
    ['First payment due', 'First_Payment_Date', 'date'],
    ['Loan officer', 'Loan_Officer', 'person'],
    ['NMLS ID', 'NMLS_ID', 'id'],
    ['Cell phone', 'Cell_Phone', 'phone'],
    ['E-mail address', 'Email', 'email'],
  ];
  for (const [row, [label, name, kind]] of rows.entries()) {
    pen.text(label, 60, 70 + row * 19, 9);
    pen.value({ name, kind, label }, 250, 70 + row * 19, { size: 9 });
  }
}

/** Pay: rows by columns, each value named by both. */
function payStub(pen: Pen): void {
  pen.labelled({ name: 'Employee_Name', kind: 'person', label: 'Employee' }, 50, 40);
  pen.labelled({ name: 'Employer_Name', kind: 'company', label: 'Company' }, 320, 40);
  pen.labelled({ name: 'Pay_Date', kind: 'date', label: 'Check date' }, 50, 58);
  pen.labelled({ name: 'Period_Ending', kind: 'date', label: 'Period end' }, 320, 58);
  for (const [x, heading] of [
    [50, 'Earnings'],
    [250, 'Current'],
    [380, 'Year to date'],
  ] as const) {
    pen.text(heading, x, 90);
  }
  const kinds = ['Regular', 'Overtime', 'Holiday', 'Bonus', 'Commission'];
  let [now, year] = [0, 0];
  for (const [row, kind] of kinds.entries()) {
    const cents = 2_000 + Math.floor(pen.random() * 200_000);
    const soFar = cents * (3 + row);
    [now, year] = [now + cents, year + soFar];
    const y = 106 + row * 15;
    pen.text(kind, 50, y);
    pen.value({ name: `${kind}_Current`, kind: 'amount', label: kind, value: money(cents) }, 300, y, {
      isRight: true,
    });
    pen.value({ name: `${kind}_YTD`, kind: 'amount', label: kind, value: money(soFar) }, 440, y, {
      isRight: true,
    });
  }
  pen.text('Gross pay', 50, 184);
  pen.value({ name: 'Gross_Pay_Current', kind: 'amount', label: 'Gross pay', value: money(now) }, 300, 184, {
    isRight: true,
  });
  pen.value({ name: 'Gross_Pay_YTD', kind: 'amount', label: 'Gross pay', value: money(year) }, 440, 184, {
    isRight: true,
  });
}

/** Holdings that add up, under headings. */
function holdings(pen: Pen): void {
  pen.text('Brokerage statement', 50, 34, 13);
  for (const [index, [label, name, kind]] of (
    [
      ['Client', 'Client_Name', 'person'],
      ['Advisor', 'Advisor_Name', 'person'],
      ['As of', 'Statement_Date', 'date'],
    ] as const
  ).entries()) {
    pen.text(label, 50 + index * 180, 64, 8);
    pen.value({ name, kind, label }, 50 + index * 180, 76);
  }
  for (const [x, heading] of [
    [50, 'Fund'],
    [240, 'Units'],
    [330, 'Price'],
    [430, 'Market value'],
  ] as const) {
    pen.text(heading, x, 110);
  }
  let total = 0;
  for (let row = 0; row < 6; row++) {
    const value = 50_000 + Math.floor(pen.random() * 3_000_000);
    total += value;
    const y = 126 + row * 15;
    pen.value({ name: `Fund${row + 1}_Name`, kind: 'company', label: 'Fund' }, 50, y);
    pen.value(
      { name: `Fund${row + 1}_Units`, kind: 'id', label: 'Units', value: (pen.random() * 900).toFixed(3) },
      280,
      y,
      { isRight: true },
    );
    pen.text((pen.random() * 90).toFixed(2), 330, y);
    pen.value(
      { name: `Fund${row + 1}_Value`, kind: 'amount', label: 'Market value', value: money(value) },
      500,
      y,
      { isRight: true },
    );
  }
  pen.text('Total market value', 50, 224);
  pen.value(
    { name: 'Total_Market_Value', kind: 'amount', label: 'Total market value', value: money(total) },
    500,
    224,
    { isRight: true },
  );
}

/** Two parties with the same labels. */
function wire(pen: Pen): void {
  pen.text('WIRE TRANSFER REQUEST', 50, 34, 13);
  for (const [index, party] of ['Originator', 'Beneficiary'].entries()) {
    const x = 50 + index * 280;
    pen.text(`${party} information`, x, 64, 11);
    const rows: readonly Row[] = [
      ['Name', 'Name', 'person'],
      ['Bank', 'Bank', 'company'],
      ['Routing number', 'Routing_Number', 'routing'],
      ['Telephone', 'Phone', 'phone'],
    ];
    for (const [row, [label, name, kind]] of rows.entries()) {
      pen.labelled(
        {
          label: pen.chance(0.5) ? `${party} ${label.toLowerCase()}` : label,
          name: `${party}_${name}`,
          kind,
        },
        x,
        84 + row * 18,
      );
    }
  }
  const rest: readonly Row[] = [
    ['Amount of wire', 'Wire_Amount', 'amount'],
    ['Fee', 'Wire_Fee', 'amount'],
    ['Value date', 'Value_Date', 'date'],
    ['Reference', 'Reference_Number', 'id'],
    ['Taken by', 'Taken_By', 'person'],
  ];
  for (const [row, [label, name, kind]] of rest.entries()) {
    pen.labelled({ label, name, kind }, 50, 190 + row * 20, { colon: '', gap: 140 });
  }
}

/** A certificate of deposit: sentences, with values that a label in the same words goes before. */
function certificate(pen: Pen): void {
  pen.text('CERTIFICATE OF DEPOSIT', 200, 40, 14);
  let x = pen.text('This certifies that ', 60, 80);
  x = pen.value({ name: 'Depositor', kind: 'person' }, x, 80);
  pen.text(' has deposited the sum of', x, 80);
  x = pen.value({ name: 'Principal_Amount', kind: 'amount' }, 60, 98);
  x = pen.text(' at an annual interest rate of ', x, 98);
  pen.value({ name: 'Interest_Rate', kind: 'rate' }, x, 98);
  x = pen.text('payable on the maturity date, ', 60, 116);
  pen.value({ name: 'Maturity_Date', kind: 'date' }, x, 116);
  pen.labelled({ name: 'Certificate_Number', kind: 'id', label: 'Certificate No.' }, 60, 150, { colon: ' ' });
  pen.labelled({ name: 'Issue_Date', kind: 'date', label: 'Issued on' }, 320, 150, { colon: ' ' });
  pen.labelled({ name: 'Issued_By', kind: 'person', label: 'Authorized by' }, 60, 172);
  pen.labelled({ name: 'Term_Months', kind: 'count', label: 'Term (months)' }, 320, 172);
}

/** Small labels over values, in a dense row. */
function insurance(pen: Pen): void {
  pen.text('HOMEOWNERS POLICY DECLARATIONS', 50, 34, 12);
  const cells: readonly Row[] = [
    ['Policy Number', 'Policy_Number', 'id'],
    ['Effective Date', 'Effective_Date', 'date'],
    ['Expiration Date', 'Expiration_Date', 'date'],
    ['Named Insured', 'Named_Insured', 'person'],
    ['Date of Birth', 'Insured_Date_of_Birth', 'date'],
    ['Marital Status', 'Marital_Status', 'word'],
    ['Agent', 'Agent_Name', 'person'],
    ['Agent Phone', 'Agent_Phone', 'phone'],
    ['Mortgagee', 'Mortgagee', 'company'],
    ['Dwelling Coverage', 'Dwelling_Coverage', 'amount'],
    ['Personal Property', 'Personal_Property_Coverage', 'amount'],
    ['Annual Premium', 'Annual_Premium', 'amount'],
  ];
  for (const [index, [label, name, kind]] of cells.entries()) {
    const [x, y] = [50 + (index % 3) * 180, 64 + Math.floor(index / 3) * 36];
    pen.text(label, x, y, 8);
    pen.value({ name, kind, label }, x, y + 11);
  }
  pen.labelled({ name: 'Property_Address', kind: 'address', label: 'Insured location' }, 50, 220);
}

const MAKERS = [application, payStub, holdings, wire, certificate, insurance];

export function unseenPages(random: () => number, document: number): MadePage[] {
  return pagesBy(random, (page) => MAKERS[(document + page * 2 + (page === 2 ? 1 : 0)) % MAKERS.length]);
}
