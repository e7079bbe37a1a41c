import type { MadeField } from './pen.js';
import type { Kind } from './values.js';

type Row = readonly [name: string, kind: Kind, value: string, label: string];

/** Values of the samples as a person reads them, by page; those that OCR cannot read are left out. */
const BANK_STATEMENT: Readonly<Record<number, readonly Row[]>> = {
  1: [
    ['Bank_Name', 'company', 'Example Inc. Credit Union', ''],
    ['Account_Holder', 'person', 'Alejandro Rosalez', ''],
    ['Contact_Phone', 'phone', '(858) 555-0101', 'Contact us'],
    ['Checking_Account_Number', 'id', '003525801543', 'Account number'],
    ['Checking_Balance', 'amount', '5,657.47', 'Balance($)'],
    ['Savings_Account_Number', 'id', '352580154336', 'Account number'],
    ['Savings_Balance', 'amount', '53,578.24', 'Balance($)'],
    ['Total_Savings_Accounts', 'amount', '$53,578.24', 'Total savings accounts'],
    ['Other_Withdrawals', 'amount', '567.18', 'Other withdrawals, debits and service charges'],
    ['Deposits_Credits_and_Interest', 'amount', '3,124.75', 'Deposits, credits and interest'],
    ['New_Balance', 'amount', '$5,657.47', 'Your new balance as of'],
    ['Average_Posted_Balance', 'amount', '$65,360.07', 'Average Posted Balance in Statement Cycle'],
    ['Check1_Number', 'id', '1401', 'Check#'],
    ['Check1_Amount', 'amount', '450.00', 'Amount($)'],
    ['Check3_Amount', 'amount', '150.00', 'Amount($)'],
    ['Total_Checks', 'amount', '$701.39', 'Total checks'],
  ],
  2: [
    ['Transaction1_Date', 'date', '2/6/2020', 'Date'],
    ['Transaction1_Amount', 'amount', '-171', 'Withdrawals / Deposits'],
    ['Transaction3_Date', 'date', '11/1/2020', 'Date'],
    ['Transaction3_Amount', 'amount', '-224', 'Withdrawals / Deposits'],
    [
      'Transaction4_Description',
      'company',
      'Retail Purchase - AnyCompany Conv-Store - 1896933493',
      'Description',
    ],
    ['Transaction9_Amount', 'amount', '-156', 'Withdrawals / Deposits'],
  ],
};

const LENDING_PACKAGE: Readonly<Record<number, readonly Row[]>> = {
  1: [
    ['Company_Name', 'company', 'ANY COMPANY CORP.', ''],
    ['Period_Ending', 'date', '7/18/2008', 'Period ending'],
    ['Pay_Date', 'date', '7/25/2008', 'Pay date'],
    ['Employee_Name', 'person', 'JOHN STILES', ''],
    ['Employee_Address', 'address', '101 MAIN STREET, ANYTOWN, USA 12345', ''],
    ['Social_Security_Number', 'ssn', '987-65-4321', 'Social Security Number'],
    ['Taxable_Marital_Status', 'word', 'Married', 'Taxable Marital Status'],
    ['Regular_Rate', 'amount', '10.00', 'Regular'],
    ['Regular_This_Period', 'amount', '320.00', 'Regular'],
    ['Regular_Year_to_Date', 'amount', '16,640.00', 'Regular'],
    ['Overtime_This_Period', 'amount', '15.00', 'Overtime'],
    ['Overtime_Year_to_Date', 'amount', '780.00', 'Overtime'],
    ['Holiday_This_Period', 'amount', '80.00', 'Holiday'],
    ['Gross_Pay_This_Period', 'amount', '452.43', 'Gross Pay'],
    ['Gross_Pay_Year_to_Date', 'amount', '23,526.80', 'Gross Pay'],
    ['Federal_Income_Tax_This_Period', 'amount', '40.60', 'Federal Income Tax'],
    ['Federal_Income_Tax_Year_to_Date', 'amount', '2,111.20', 'Federal Income Tax'],
    ['Social_Security_Tax', 'amount', '28.05', 'Social Security Tax'],
    ['Medicare_Tax_Year_to_Date', 'amount', '341.12', 'Medicare Tax'],
    ['Net_Pay', 'amount', '$ 201.90', 'Net Pay'],
    ['Loan_Amount_Paid', 'amount', '840.00', 'Loan Amt Paid'],
  ],
  3: [
    ['Payroll_Check_Number', 'id', '0000000000', 'Payroll check number'],
    ['Check_Date', 'date', '7/25/2008', 'Pay date'],
    ['Check_Amount', 'amount', '$201.00', 'This amount'],
  ],
  4: [
    ['Account_Name', 'person', 'Jane Doe', 'Account Name'],
    ['Statement_Period', 'word', '1 MAY 2021 to 31 MAY 2021', 'Statement Period'],
    ['Account_Number', 'id', '333 008755555', 'Account Number'],
    ['Email_Address', 'word', 'Not Recorded', 'Email Address'],
    ['Opening_Account_Balance', 'amount', '$50,000.00', 'Your opening account balance'],
    ['Closing_Account_Balance', 'amount', '$123,084.85', 'Your closing account balance'],
    ['BT_Active_Balanced_Value', 'amount', '17,287.28', 'Value $'],
    ['First_Choice_Moderate_Value', 'amount', '23,005.68', 'Value $'],
    ['Account_Value', 'amount', '123,084.85', 'Account value'],
    ['Death_Benefit_Amount', 'amount', '17,000.00', 'Benefit amount $'],
  ],
  6: [
    ['Insurance_Company', 'company', 'Take Insurance Co', 'Insurance Company'],
    ['Policy_Number', 'id', '123456', 'Policy Number'],
    ['Effective_Date', 'date', '10/10/2009', 'Effective Date'],
    ['Expiration_Date', 'date', '10/9/2010', 'Expiration Date'],
    ['Primary_Applicant_Name', 'person', 'Ziggy Starpixel', 'Name'],
    ['Primary_Applicant_Date_of_Birth', 'date', '2/20/2000', 'Date of Birth'],
    ['Drivers_License_Number', 'id', '1234567A', 'Drivers License Number'],
    ['CoApplicant_Name', 'person', 'Luna Starlight-Glitterdust', 'Name'],
    ['CoApplicant_Date_of_Birth', 'date', '2/29/2000', 'Date of Birth'],
    ['CoApplicant_Drivers_License_Number', 'id', '9876354A', 'Drivers License Number'],
    ['CoApplicant_Education_Level', 'word', 'Graduate', 'Education Level'],
    ['Relationship_to_Primary_Applicant', 'word', 'Domestic Partner', 'Relationship to Primary Applicant'],
    ['Alternate_Phone', 'phone', '5555551213', 'Alternate Phone'],
    [
      'Insurance_Company_Address',
      'address',
      '650 Davis Street, San Francisco, CA 94111',
      'Insurance Company',
    ],
    ['Type_of_Current_Property_Policy', 'word', 'Home', 'Type of Current Property Policy'],
  ],
};

export const SAMPLES = {
  'bank-statement-multipage.pdf': fields(BANK_STATEMENT),
  'lending_package.pdf': fields(LENDING_PACKAGE),
};

/** Where they stand is not measured: they are listed as they follow each other. */
function fields(pages: Readonly<Record<number, readonly Row[]>>): Map<number, MadeField[]> {
  return new Map(
    Object.entries(pages).map(([page, rows]) => [
      Number(page),
      rows.map(([name, kind, value, label], row) => {
        return { name, kind, value, label, x: 0, y: row * 20, width: 0, size: 10 };
      }),
    ]),
  );
}
