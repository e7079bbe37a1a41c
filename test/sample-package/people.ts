/** A bank, people and accounts that were made up. Nobody has these numbers: no Social Security number begins with 9. */
export const BANK = {
  name: 'Copperleaf Community Bank',
  motto: 'Chartered 1911',
  address: '118 Quarry Street, Alder Falls, OR 97999',
  phone: '(503) 555-0118',
};

export interface Person {
  name: string;
  ssn: string;
  birth: string;
  address: string;
  phone: string;
  mobile: string;
  email: string;
  employer: string;
  occupation: string;
  licence: string;
}

export const MARGUERITE: Person = {
  name: 'Marguerite T. Ellison',
  ssn: '900-41-2276',
  birth: '08/22/1984',
  address: '2418 Larkspur Lane, Alder Falls, OR 97999',
  phone: '(503) 555-0142',
  mobile: '(503) 555-0177',
  email: 'm.ellison@example.com',
  employer: 'Tamarack Veterinary Group',
  occupation: 'Veterinarian',
  licence: 'E7402291',
};

export const OWEN: Person = {
  name: 'Owen P. Ellison',
  ssn: '900-58-6013',
  birth: '11/05/1982',
  address: '2418 Larkspur Lane, Alder Falls, OR 97999',
  phone: '(503) 555-0143',
  mobile: '(503) 555-0190',
  email: 'owen.ellison@example.com',
  employer: 'Alder Falls School District',
  occupation: 'Teacher',
  licence: 'E5518840',
};

export const PRIYA: Person = {
  name: 'Priya N. Castellan',
  ssn: '900-73-9154',
  birth: '02/17/1957',
  address: '77 Foundry Row, Alder Falls, OR 97999',
  phone: '(503) 555-0126',
  mobile: '(503) 555-0163',
  email: 'priya.castellan@example.com',
  employer: 'Retired',
  occupation: 'Bookkeeper',
  licence: 'C2093367',
};

export interface Account {
  number: string;
  holders: readonly [Person, ...Person[]];
  cif: string;
  opened: string;
}

export const LOAN: Account = {
  number: '4410027318',
  holders: [MARGUERITE],
  cif: '81734',
  opened: '03/14/2025',
};
export const CHECKING: Account = {
  number: '2207519846',
  holders: [MARGUERITE, OWEN],
  cif: '81734',
  opened: '03/17/2025',
};
export const CERTIFICATE: Account = {
  number: '6630084527',
  holders: [PRIYA],
  cif: '52906',
  opened: '03/21/2025',
};

export function namesOf({ holders }: Account): string {
  return holders.map(({ name }) => name).join(', ');
}
