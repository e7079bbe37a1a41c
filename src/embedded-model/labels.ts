/** Field name -> the labels it is printed under, written as `canonical` gives them. */
const LABELS_OF: Readonly<Record<string, readonly string[]>> = {
  Account_Number: ['account number', 'account id'],
  Account_Holders: [
    'account holder',
    'account holder name',
    'accountholder',
    'accountholder name',
    'name of account holder',
  ],
  Account_Name: ['account name'],
  Account_Purpose: ['account purpose', 'purpose', 'purpose of account'],
  Account_Type: ['account type', 'type', 'type of account'],
  Product_Name: ['product', 'product name'],
  Ownership_Type: [
    'ownership',
    'ownership type',
    'type of ownership',
    'account ownership',
    'ownership of account',
  ],
  Mailing_Address: ['mailing address'],
  Phone_Number: ['phone', 'phone number'],
  Date_Opened: [
    'date opened',
    'open date',
    'opened',
    'opened on',
    'opening date',
    'account opened',
    'account open date',
    'date account opened',
  ],
  CIF_Number: ['cif', 'cif number'],
  Branch: ['branch', 'branch name'],
  Opened_By: ['opened by', 'account opened by'],
  Signatures_Required: [
    'signatures required',
    'required signatures',
    'number of signatures required',
    'number signatures required',
  ],
  Stamp_Date: ['stamp date', 'date stamp'],
  Reference_Number: ['reference', 'reference number', 'ref', 'ref number'],
  Verified: ['verified'],
  Verified_By: ['verified by'],
  Verified_Date: ['verified date', 'date verified', 'verified on', 'verification date'],
  Supporting_Documents: ['supporting documents', 'supporting document'],
  SSN: ['ssn', 'social security', 'social security number'],
  DOB: ['dob', 'date of birth', 'birth date', 'birthdate'],
  Name: ['name'],
  Full_Name: ['full name'],
  First_Name: ['first name'],
  Middle_Name: ['middle name'],
  Last_Name: ['last name'],
  Address: ['address', 'street address'],
  City: ['city'],
  State: ['state', 'issuing state', 'driver license state'],
  ZIP_Code: ['zip', 'zip code', 'postal code'],
  Email: ['email', 'e mail', 'email address', 'e mail address'],
  Employer: ['employer', 'employer name', 'name of employer'],
  Occupation: ['occupation'],
  License_Number: ['license number', 'driver license', 'driver license number'],
  Document_Type: ['document type', 'type of document'],
  Sex: ['sex', 'gender'],
  Height: ['height', 'hgt'],
  Weight: ['weight', 'wgt'],
  Eye_Color: ['eye color', 'eyes', 'color of eyes'],
  Hair_Color: ['hair color', 'hair', 'color of hair'],
  Issue_Date: ['issue date', 'date issued', 'date of issue', 'issued', 'iss'],
  Expiration_Date: ['expiration date', 'expiry date', 'expiration', 'expires', 'exp', 'exp date'],
  License_Class: ['license class', 'class'],
  Restrictions: ['restrictions', 'restriction'],
  Endorsements: ['endorsements', 'endorsement'],
  DD_Number: ['dd', 'dd number', 'document discriminator'],
  Organ_Donor: ['organ donor', 'donor'],
  Date: ['date'],
  Statement_Period: ['statement period'],
  Interest_Rate: ['interest rate'],
  Maturity_Date: ['maturity date'],
  Opening_Balance: ['opening balance'],
  Closing_Balance: ['closing balance'],
  Home_Phone: ['home phone', 'home phone number'],
  Work_Phone: ['work phone', 'work phone number', 'business phone', 'business phone number'],
  Mobile_Phone: ['mobile phone', 'mobile phone number', 'cell phone', 'cell phone number'],
  Home_Address: ['home address', 'residence address'],
  Company_Name: ['company name'],
  Business_Name: ['business name'],
  Beneficiary: ['beneficiary', 'beneficiary name'],
};

const NAME_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(LABELS_OF).flatMap(([name, labels]) => labels.map((label) => [label, name] as const)),
);

/** Words that mean the same within a label. */
const SAME_WORD: ReadonlyMap<string, string> = new Map([
  ['acct', 'account'],
  ['no', 'number'],
  ['num', 'number'],
  ['nbr', 'number'],
  ['numbers', 'number'],
  ['names', 'name'],
  ['owner', 'holder'],
  ['owners', 'holder'],
  ['holders', 'holder'],
  ['tel', 'phone'],
  ['telephone', 'phone'],
  ['drivers', 'driver'],
  ['dl', 'driver license'],
  ['lic', 'license'],
  ['licence', 'license'],
  ['colour', 'color'],
]);

/** The words that well-known labels and the names of their fields are made of, in lower case. */
export function wordsOfLabels(): Set<string> {
  const labels = [...Object.keys(LABELS_OF), ...Object.values(LABELS_OF).flat(), ...SAME_WORD.keys()];
  return new Set(labels.flatMap((label) => label.toLowerCase().split(/[ _]+/)));
}

/** What a numbered person's field is called after `Signer1_`, where it differs from the plain name. */
const SIGNER_FIELD: Readonly<Record<string, string>> = {
  Phone_Number: 'Phone',
  License_Number: 'DriversLicense',
  Mailing_Address: 'Address',
  Full_Name: 'Name',
};

/** Longer than any label: a whole line need not be looked at. */
const MAX_LABEL = 60;
const FIELD_NAME = /^\p{Lu}[\p{L}\p{N}]*(?:_[\p{L}\p{N}]+)+$/u;
const SIGNER = /^signer\s*#?\s*(\d{1,2})(?:['’]s)?[\s_-]+(\S.*)$/i;
/** "Savings Acct #": whatever stands before it, it is the account's number. */
const ACCOUNT_NUMBER = /(?:^|\s)(?:acct\.?|(?:acct\.?|account)\s*(?:#s?|no\.?|number))$/i;

/** Whether `label` is one of the well-known labels, or is written as a field name already. */
export function isKnownLabel(label: string): boolean {
  if (label.length > MAX_LABEL) return false;
  return FIELD_NAME.test(label) || SIGNER.test(label) || NAME_OF.has(canonical(label));
}

/**
 * The field name for a printed label: "Acct #" gives `Account_Number`, "Signer 1 Name"
 * `Signer1_Name`, "Interest Rate" `Interest_Rate`; a label that looks like a field name is kept.
 */
export function fieldName(label: string): string {
  if (FIELD_NAME.test(label)) return label;
  const [, number, rest] = SIGNER.exec(label) ?? [];
  if (number !== undefined && rest !== undefined) {
    const name = fieldName(rest);
    return `Signer${number}_${SIGNER_FIELD[name] ?? name}`;
  }
  const known = NAME_OF.get(canonical(label));
  if (known !== undefined) return known;
  return ACCOUNT_NUMBER.test(label) ? 'Account_Number' : asWritten(label);
}

function canonical(label: string): string {
  return label
    .toLowerCase()
    .replaceAll('(s)', 's')
    .replace(/['’]/g, '')
    .replace(/#s?/g, ' number ')
    .split(/[\s._/-]+/)
    .filter((word) => word !== '')
    .map((word) => SAME_WORD.get(word) ?? word)
    .join(' ');
}

function asWritten(label: string): string {
  return label
    .normalize('NFD')
    .replace(/[\p{M}'’]/gu, '')
    .replaceAll('(s)', 's')
    .replaceAll('&', ' and ')
    .replace(/#s?/g, ' Number ')
    .split(/[^\p{L}\p{N}_]+/u)
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('_');
}
