import { wordsOfLabels } from '../embedded-model/labels.js';
import { wordsOfShortForms } from './support/label-words.js';

/**
 * Words of forms, which say nothing of the person who filled one in. Whatever stands in none of these lists is
 * replaced, so a word that is a name as well is left out, or stands in `ORDINARY` alone.
 */

const split = (words: string) => words.trim().split(/\s+/);

/** What is chosen on a form, not written: a value of these alone may stay. */
const CHOICES = split(`
  account accounts active adult agreement amount annual application apr apy atm authorized available balance bank
  banking basic business card cash certificate charge check checking checks closed consumer copy corporation credit
  current custodial daily date debit deposit deposits document documents dollars electronic english estate expired
  false fee fees female fixed fund funds individual inactive interest ira joint license limited line loan mail
  male market married member minor money monthly mortgage n na new no none number on off online open original
  other owned owner ownership package passport payment personal phone pin primary private public purpose quarterly
  rate regular renewal required secondary security signature signed signer single sole standard statement
  survivorship tax temporary tenants term terms transfer true trust type unsigned usd variable verified void weekly
  with without x yes year years month months day days week weeks hour hours`);

/** Words of everyday forms and of what is printed around them. */
const FORMS = split(`
  aba above accept accepted access according accurate acknowledge acknowledged acknowledgement act action actions
  additional adjustment advance advice after against agency agent agree agreed agreements agrees all allowed also
  alternate although any applicable applicant applicants applied apply appointed approval approved are area arising
  as assets assigned associated assume attach attached attention authorization authorize authorizes automatic
  backup because become been before beginning behalf being below beneficiaries beneficiary benefit benefits between
  bill billing birth block blue borrower borrowers both bottom box boxes branch brown but by calculated call
  cancel cancelled cardholder care category center certain certifies certify change changed changes changing
  charges circle citizen citizenship claim class clause clear close closing co code codes collect collection color
  column comments commercial commission communication communications company complete completed completing
  completion compliance condition conditions confirm confirmation confirmed consent consumers contact contain
  contained continue continued contract control copies corporate correct correspondence cost costs could country
  county coverage create created credited creditor currency currently customer customers cut data dated dates daytime
  dba dealer death debt deceased decision declaration declare deduct deducted default defined delivery department
  described description designated designation detail details determine determined did different direct direction
  directly disabled disclose disclosed disclosure disclosures discretion dispute disputes division do does donor
  driver drivers due during duty each earned education effect effective either elect election electronically
  eligible email employed employee employees employer employment end ending endorsed endorsement endorsements ends
  enclosed endnotes enter entered entire entities entity equal error errors evening event every evidence example
  except excess exempt exemption existing expenses expiration expires expiry explain extension eye eyes fax
  federal fee field fields file filed filing fill final finance financial first following follows form format
  forms forward from full furnish further future general give given giving good governed government grade gross
  group guarantee guarantor guardian hair has have having he head heading health height held her hereby hereof
  herein hers highest him his holder holders home household how however identification identifier identify if ii iii
  immediately important improper in include included includes including income incomplete incorrect increase
  information initial initials inquiries inquiry instruction instructions insurance insured intended internal
  international into invest investment invoice is issue issued issuer issuing it item items its itself joint jointly
  keep kind known last law lawful laws leave left legal less letter liability liable lien limit limitation
  limitations limits list listed local location lost low made mailing maintain maintained maintenance make making
  manager mandatory manner manual married matter matures maturity maximum means medical meet meeting membership
  memo merchant message method middle minimum missing mobile mode more most must my name named names nature near
  necessary need neither net next nor normal not notary note notes notice notices notification notify now numbers
  obligation obligations obtain obtained occupation occur of offer offered office officer officers often one
  only opened opening operating operation opinion option optional options or order organ organization organized
  others otherwise our out outstanding over overdraft overdrafts overpayment own owners owns page pages paid paper
  paragraph part partial participant parties partner partnership party past pay payable payee payer payments
  penalties penalty pending per percent percentage period periodic periods perjury permanent permit permitted person
  persons phones photo place plan please plus policy portion position possession possible post postal posted power
  present previous price principal print printed prior privacy problem procedure procedures proceeds process
  processed processing product products profession program prohibited promise proof properly property proposed
  protect protection provide provided provider provides providing provision provisions purchase purchases pursuant
  quantity question questions reached read reason reasonable reasons receipt receive received recent record recorded
  records reference references referred refund refuse regarding register registered registration regulation
  regulations rejected related relating relationship release remain remaining remarks remit rent repayment replace
  report reported reporting request requested requests require requirement requirements requires reserve
  residence resident residential resolution respect response responsible restricted restrictions result retirement
  return returned revenue reverse review revised revision revocation revoke revoked right rights routing row rule
  rules safe same sample savings schedule seal sections section secured see select selected self sell send sender sent
  separate serial series served service services set sex shall share shares she shipping should show shown side sign
  signatories signatory signatures signers signing since site size social some source special specified specify
  spouse stamp start started state statements states status stop street subject submit submitted subtotal such
  sufficient suite sum summary supplement supplemental support supporting surviving table take taken taxable taxes
  taxpayer telephone terminate terminated termination than that the their them then there thereof these they this
  those through thus time times tin title to today together top total totals transaction transactions transferred
  transfers transit trustee trustees trusts two under understand understood undersigned unit united unless until
  unpaid up upon us use used user uses using usually valid value values vehicle verification verify via waive
  waived waiver warranty was we website weight were what when where whether which who whole whom whose will wire
  wish withdraw withdrawal withdrawals withheld withholding within witness witnesses work would write writing written
  wrong yield you your yours yourself zip
  absent accidental accruals activity additions aggregate allotment allowance allowances amortization apartment
  asset auto automobile average bimonthly biweekly bonus calendar cell checkbox childcare cobra collateral column
  commencing contribution contributions cosigner cycle debits deduction deductions dental dependent
  dependents descriptions digital disability discount download earning earnings edition education eligibility
  enrolled enrollment enrolment escrow establishments accident accidents compounded compounding early financed financing origination recording search evidenced exclude
  excluding exemptions exam exp ext fault fica filer
  fiscal flood foreclosure freelance fsa garnishment gift gifts heirs hgt holiday holidays hourly housing hrs hsa
  inception installment installments inspection instrument instruments investments investor iss jointly jury labor
  landlord late ledger lender lenders lending lessee lessor life location lump manufacturer marital maternity medicare
  merger military misc mobility modification motor national nationality naturalized nonresident notarized numeric
  offset operator overdue overtime passenger payday payroll pays pension piece pre premium preparer prepayment
  previously printing proprietor qualified quarter quote rates realty recipient reconciliation recurring referral
  regarding remittance rents repair replacement reps residency restriction resources retain retro rev routine salary
  salaries savings scan schedules score seller seniority separated settlement severance shift sick sickness signing
  signor speed spouses stock stub student subscriber subsidiary supervisor supplied survivors sworn tables
  tangible taxed telephones tenant teller testament timesheet tips transit travel tuition umbrella unemployment union
  unsecured vac vacation vendor vesting visit wage wages warning weekday welfare widow widowed workers
  across add adding along amend amended among an and annually another anyone anything appear asked avoid away back
  based begin begins believe best better big bring buy came cannot chapter child children come common consider
  contacting days doing drive easy end ends enough ensure especially etc ever everyone everything far find found free
  gets go goes got great greater had happen help high hold i instead insure just know large larger later learn
  least long look looking lose loss lot many maybe means meant minutes moment move much never night nothing once
  other ourselves owe owed pick plans point private protecting put quick quickly really remember remove safety saw
  say secure seen send setting shown simply small something soon still sure than thank thanks think thought
  throughout told took toward try turn type unable unlike update updated upper usually various visit want watch
  ways welcome within yet be
  born mr mrs ms dr prof com org net gov edu www http https
  st nd rd th am pm ii iii iv vs etc
  inc llc ltd corp dl dob ssn ein itin cif iban swift bic id ids`);

const MONTHS = split('january february september october november december jan feb sept sep oct nov dec');

/** Words that are names, too: they stay in lower case alone. */
const ORDINARY = new Set(
  split(`
  act an bill blue born brown buy care case cell chapter come do even field gene grade grant head hold hunt i
  just law long look love low major many may moment more my night now over pick post power price put quick
  read rent rich right rule safe say sell shift small so still stock such sworn take than them turn until very want
  watch way ways welcome west white will wish work write young`),
);

/** Labels that may be somebody's name: they stay as labels, but nowhere when they stand in a value. */
const NAMES_TOO = new Set(
  split('branch cash city hair holder holders home major page price state street class day trust mark banks'),
);

/** Those of them, in part, that are first names or family names. */
const GIVEN_NAMES_TOO = new Set(split('banks cash day page'));

const FUNCTION_WORDS = new Set(
  split('and are for from if is it its not of or than that the their they this with you your'),
);
/** Those that are names, too: as part of a value they stay in lower case alone. */
const SHORT_WORDS = new Set(split('a as at be by he her his in on she to we'));
const CLOSED = new Set(
  [...CHOICES, ...wordsOfLabels(), ...wordsOfShortForms()].filter((word) => !NAMES_TOO.has(word)),
);
const KNOWN = new Set([
  ...CHOICES,
  ...FORMS,
  ...MONTHS,
  ...FUNCTION_WORDS,
  ...SHORT_WORDS,
  ...wordsOfLabels(),
  ...wordsOfShortForms(),
]);

/** Whether a word of a page belongs to forms: it may stay unless it is part of a value. */
export function isOfForms(word: string): boolean {
  const lower = word.toLowerCase();
  if (ORDINARY.has(lower)) return word === lower;
  return KNOWN.has(lower) || (lower.length > 4 && lower.endsWith('s') && KNOWN.has(lower.slice(0, -1)));
}

/** Whether a word of forms, as it is written, is somebody's name as soon as it stands beside another one. */
export function isGivenNameToo(word: string): boolean {
  return /^\p{Lu}/u.test(word) && GIVEN_NAMES_TOO.has(word.toLowerCase());
}

/** Whether a word says nothing of a person even where it is part of a value: "Checking", "of". */
export function isClosed(word: string): boolean {
  const lower = word.toLowerCase();
  return CLOSED.has(lower) || FUNCTION_WORDS.has(lower) || SHORT_WORDS.has(word);
}

const MOST_DIGITS_OF_A_NAME = 2;

/**
 * Whether a field's name ("Signer2_Date_of_Birth") is made of words of forms alone: it says nothing of a person. Models
 * write people and numbers into names, too.
 */
export function isNameOfForms(name: string): boolean {
  const words =
    name.match(/\p{Lu}?[\p{Ll}\p{M}]+|\p{Lu}+(?!\p{Ll})|\p{Lu}|[^\p{Lu}\p{Ll}\p{N}\p{P}\s]+/gu) ?? [];
  const digits = name.match(/\p{N}/gu) ?? [];
  return (
    words.length > 0 &&
    digits.length <= MOST_DIGITS_OF_A_NAME &&
    // Those that are names, too, are told apart by their capital, which the name of a field may have or not.
    words.every((word) => !ORDINARY.has(word.toLowerCase()) && isOfForms(word))
  );
}
