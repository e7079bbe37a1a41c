import { pauses } from '../../pauses.js';
import { fieldNamed, isFilled, textOf, type AccountRecord, type Fields } from '../../processor/merge.js';
import { sentText } from '../../processor/page.js';
import { Steps, TooManySteps } from '../../processor/steps.js';
import { pagesWith, type AccountEvidence, type PartEvidence } from '../evidence.js';
import type { PageTexts } from '../page-texts.js';
import { accountRecords, type DocumentRecord } from '../record.js';
import { hasForm } from './form.js';
import { nameWords } from './label-words.js';
import { bestPlace, extent, labelling } from './labelling.js';
import { ReadPage } from './read-page.js';
import { isSameValue } from './same-value.js';
import { balanced, datedRows, isCount, type Balance } from './sums.js';
import { supportFor, type Reason } from './table.js';

/** How far a value can be trusted by what can be checked, whatever the model says of itself. */
export interface Support {
  /** 0 to 100: so many of a hundred values with these reasons are right. null of a field without a value. */
  support: number | null;
  /** What speaks for the value and against it. */
  reasons: Reason[];
}

/** The fields that other answers gave for the pages, by page number: answers that were not used. */
export type OtherReadings = ReadonlyMap<number, readonly Fields[]>;

/** Where an account's values stand, with the support of each by its field's name. */
export interface SupportedEvidence extends AccountEvidence {
  /** Versions up to 0.2.0 kept none. */
  support?: Record<string, Support>;
}

/** For one value. A step takes some 10 ns. */
const MOST_STEPS = 1_000_000;
/** Of the pages that gave a value, so many are searched for another writing of it. */
const MOST_PAGES = 10;
/** Enough of a name or a value to know it by; what a model makes up may be endless. */
const KNOWN_BY = 200;

/**
 * The support of each value of a record, by account as in `evidence`, and by field name. Lets other work of the
 * process go on in between.
 *
 * @param evidence where the values stand, as `evidenceOf` finds it for the same record and pages
 */
export async function supportOf(
  record: Pick<DocumentRecord, 'accounts' | 'document'>,
  { texts, words }: Pick<PageTexts, 'texts' | 'words'>,
  evidence: readonly AccountEvidence[],
  alsoRead: OtherReadings = new Map(),
): Promise<Record<string, Support>[]> {
  const pages = new Map<number, ReadPage>();
  const pageOf = (number: number): ReadPage => {
    const known = pages.get(number);
    if (known) return known;
    const page = new ReadPage(sentText(texts.get(number) ?? ''), words?.get(number));
    pages.set(number, page);
    return page;
  };
  const supports: Record<string, Support>[] = [];
  for (const [index, account] of accountRecords(record).entries()) {
    supports.push(await accountSupport(account, evidence[index]?.fields ?? {}, { pageOf, alsoRead }));
  }
  return supports;
}

async function accountSupport(
  account: AccountRecord,
  evidence: AccountEvidence['fields'],
  { pageOf, alsoRead }: { pageOf: (number: number) => ReadPage; alsoRead: OtherReadings },
): Promise<Record<string, Support>> {
  const pause = pauses();
  const values = Object.entries(account.result).map(([name, field]) => [name, textOf(field)] as const);
  const balance = balanced(values.map(([name, value]) => [knownBy(name), value]));
  let rows: number | undefined;
  const isNumberOfRows = (value: string) => {
    rows ??= account.pages.reduce((sum, page) => sum + datedRows(pageOf(page).text), 0);
    return rows > 1 && rows === Number(value);
  };
  const supports: [string, Support][] = [];
  for (const [name, value] of values) {
    await pause();
    if (!isFilled(value)) {
      supports.push([name, { support: null, reasons: [] }]);
      continue;
    }
    const known = knownBy(name);
    const parts = Object.hasOwn(evidence, name) ? (evidence[name] ?? []) : [];
    const sources = pagesWith(name, value, account);
    const places = parts.flatMap((part) => ('places' in part ? part.places : []));
    const ocr = printed(parts, pageOf);
    const steps = new Steps(MOST_STEPS);
    const field = nameWords(known);
    const best = asFarAs(() => bestPlace(field, parts, { pageOf, steps }));
    const reasons: (Reason | undefined)[] = [
      asFarAs(() => standing(parts, sources.slice(0, MOST_PAGES).map(pageOf), steps)),
      best && asFarAs(() => labelling(field, best, { pageOf, steps })),
      best && extent(best, parts, pageOf),
      ocr,
      formOf(known, knownBy(value)),
      balanceOf(known, balance),
      isCount(known, value) && isNumberOfRows(value) ? 'adds_up' : undefined,
      // Of a digital text a printed sum says nothing that its letters do not.
      ocr !== undefined && places.some((place) => pageOf(place.page).isSummed(place))
        ? 'column_adds_up'
        : undefined,
      onOtherPages(name, value, account, sources.length),
      readAgain(
        name,
        value,
        sources.flatMap((page) => alsoRead.get(page) ?? []),
      ),
    ];
    const given = reasons.filter((reason) => reason !== undefined);
    supports.push([name, { support: supportFor(given), reasons: given }]);
  }
  // fromEntries, because a model may name a field `__proto__`.
  return Object.fromEntries(supports);
}

/** The support of a value that another answer gave as well, or gave otherwise; one that differs is not made up for. */
export function readOnceMore(of: Support, isSame: boolean): Support {
  if (of.support === null || of.reasons.includes('read_again_differs')) return of;
  const before = of.reasons.filter((reason) => reason !== 'read_again_same');
  const reasons = [...before, isSame ? ('read_again_same' as const) : ('read_again_differs' as const)];
  return { support: supportFor(reasons), reasons };
}

/** Whether other answers about the same pages said the same. */
function readAgain(name: string, value: string, readings: readonly Fields[]): Reason | undefined {
  const values = readings.flatMap((fields) => {
    const field = fieldNamed(fields, name);
    return field === undefined || !isFilled(field) ? [] : [textOf(field)];
  });
  if (values.length === 0) return undefined;
  return values.every((other) => isSameValue(other, value)) ? 'read_again_same' : 'read_again_differs';
}

function standing(parts: readonly PartEvidence[], pages: readonly ReadPage[], steps: Steps): Reason {
  const missing = parts.filter((part) => !('places' in part));
  if (parts.length > 0 && missing.length === 0) return 'stands';
  const lost = missing.filter(({ part }) => !pages.some((page) => page.isWritten(knownBy(part), steps)));
  if (lost.length === 0) return 'stands_otherwise';
  if (lost.length < parts.length) return 'stands_in_part';
  if (lost.every(({ part }) => pages.some((page) => page.isScattered(knownBy(part), steps))))
    return 'scattered';
  return lost.some(({ part }) => /\d/.test(part)) ? 'figures_nowhere' : 'words_nowhere';
}

/** Of what takes too many steps nothing is known. */
function asFarAs<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof TooManySteps) return undefined;
    throw error;
  }
}

function knownBy(text: string): string {
  return text.slice(0, KNOWN_BY);
}

const SURE = 90;
const UNSURE = 70;

function printed(parts: readonly PartEvidence[], pageOf: (number: number) => ReadPage): Reason | undefined {
  let least: number | undefined;
  for (const part of parts) {
    const [place] = 'places' in part ? part.places : [];
    const confidence = place && pageOf(place.page).confidenceAt(place);
    if (confidence !== undefined) least = Math.min(least ?? 100, confidence);
  }
  if (least === undefined) return undefined;
  if (least >= SURE) return 'ocr_sure';
  return least >= UNSURE ? 'ocr_unsure' : 'ocr_doubtful';
}

function formOf(name: string, value: string): Reason | undefined {
  const isRight = hasForm(name, value);
  if (isRight === undefined) return undefined;
  return isRight ? 'form_right' : 'form_wrong';
}

function balanceOf(name: string, balance: Balance | undefined): Reason | undefined {
  if (!balance?.names.has(name)) return undefined;
  return balance.addsUp ? 'adds_up' : 'does_not_add_up';
}

function onOtherPages(
  name: string,
  value: string,
  { page_data: data, pages }: AccountRecord,
  sources: number,
): Reason | undefined {
  const differ = pages.some((page) => {
    const field = fieldNamed(data[page], name);
    return field !== undefined && isFilled(field) && textOf(field) !== value;
  });
  if (differ) return 'other_pages_differ';
  return sources > 1 ? 'other_pages_agree' : undefined;
}
