import type { Field } from '../../llm/wire.js';
import { pauses } from '../../pauses.js';
import { indexPage, soughtFor, standsAsIs, type IndexedPage } from '../../processor/locate.js';
import { isFilled, type AccountRecord } from '../../processor/merge.js';
import { sentText } from '../../processor/page.js';
import { searchForm } from '../../processor/search-form.js';
import { Steps, TooManySteps } from '../../processor/steps.js';
import type { PageWords, Span } from '../../processor/words.js';
import {
  areWritten,
  figuresOf,
  wordsBesideFigures,
  writingsOf,
  type Writings,
} from '../../processor/writings.js';
import { textOf, type AccountEvidence, type EvidencePlace, type PartEvidence } from '../evidence.js';
import type { PageTexts } from '../page-texts.js';
import type { DocumentRecord } from '../record.js';
import { hasForm } from './form.js';
import { nameWords, type LabelWords } from './label-words.js';
import { PageLabels, type FoundLabel, type Labelled } from './page-labels.js';
import { balanced, countsRows, summedAmounts } from './sums.js';
import { supportFor, type Reason } from './table.js';

/** How far a value can be trusted by what can be checked, whatever the model says of itself. */
export interface Support {
  /** 0 to 100: so many of a hundred values with these reasons are right. null of a field without a value. */
  support: number | null;
  /** What speaks for the value and against it. */
  reasons: Reason[];
}

/** What other answers said of the pages, by page number: answers that were not used. */
export type OtherReadings = ReadonlyMap<number, readonly (readonly Field[])[]>;

/** Where an account's values stand, with the support of each by its field's name. */
export interface SupportedEvidence extends AccountEvidence {
  /** Versions up to 0.2.0 kept none. */
  support?: Record<string, Support>;
}

/** For the values of one account that stand on no page in the same words. */
const MOST_STEPS = 5_000_000;

/**
 * The support of each value of a record, by account as in `evidence`, and by field name. Lets other work of the
 * process go on in between.
 *
 * @param evidence where the values stand, as `evidenceOf` finds it for the same record and pages
 */
export async function supportOf(
  { accounts, document }: Pick<DocumentRecord, 'accounts' | 'document'>,
  { texts, words }: Pick<PageTexts, 'texts' | 'words'>,
  evidence: readonly AccountEvidence[],
  alsoRead: OtherReadings = new Map(),
): Promise<Record<string, Support>[]> {
  const pages = new Map<number, Page>();
  const pageOf = (number: number): Page => {
    const known = pages.get(number);
    if (known) return known;
    const page = new Page(sentText(texts.get(number) ?? ''), words?.get(number));
    pages.set(number, page);
    return page;
  };
  const supports: Record<string, Support>[] = [];
  for (const [index, account] of [...accounts, ...(document ? [document] : [])].entries()) {
    supports.push(await accountSupport(account, evidence[index]?.fields ?? {}, { pageOf, alsoRead }));
  }
  return supports;
}

async function accountSupport(
  account: AccountRecord,
  evidence: AccountEvidence['fields'],
  { pageOf, alsoRead }: { pageOf: (number: number) => Page; alsoRead: OtherReadings },
): Promise<Record<string, Support>> {
  const pause = pauses();
  const steps = new Steps(MOST_STEPS);
  const values = Object.entries(account.result).map(([name, field]) => [name, textOf(field)] as const);
  const balance = balanced(values);
  const supports: [string, Support][] = [];
  for (const [name, value] of values) {
    await pause();
    if (!isFilled(value)) {
      supports.push([name, { support: null, reasons: [] }]);
      continue;
    }
    const parts = Object.hasOwn(evidence, name) ? (evidence[name] ?? []) : [];
    const { sources, differ } = readOn(name, value, account);
    const pages = sources.map(pageOf);
    const places = parts.flatMap((part) => ('places' in part ? part.places : []));
    const ocr = printed(parts, pageOf);
    // Of a digital text the printed sum says nothing that its letters do not.
    const isSummed = ocr !== undefined && places.some((place) => pageOf(place.page).isSummed(place));
    const reasons: (Reason | undefined)[] = [
      standing(parts, pages, steps),
      ...labelling(name, parts, pageOf),
      ocr,
      formOf(name, value),
      sums(
        isSummed ||
          countsRows(
            name,
            value,
            account.pages.map((page) => pageOf(page).text),
          ),
        name,
        balance,
      ),
      onOtherPages(sources.length, differ),
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

/** The support of a value of which one more thing is known; the first of two that say the same kind of thing stays. */
export function withReason(of: Support, reason: 'read_again_same' | 'read_again_differs'): Support {
  const isKnown = of.reasons.includes('read_again_same') || of.reasons.includes('read_again_differs');
  if (of.support === null || isKnown) return of;
  const reasons = [...of.reasons, reason];
  return { support: supportFor(reasons), reasons };
}

/** A page's text, read in the ways that are asked for. */
class Page {
  #labels: PageLabels | undefined;
  #writings: Writings | undefined;
  #indexed: IndexedPage | undefined;
  #summed: Span[] | undefined;

  constructor(
    readonly text: string,
    readonly words: PageWords | undefined,
  ) {}

  get labels(): PageLabels {
    return (this.#labels ??= new PageLabels(this.text));
  }

  get indexed(): IndexedPage {
    return (this.#indexed ??= indexPage(this.text, this.words));
  }

  isSummed({ start, end }: Span): boolean {
    this.#summed ??= summedAmounts(this.text);
    return this.#summed.some((amount) => start < amount.end && end > amount.start);
  }

  /** Whether a value stands here in another writing, its words together. @throws {TooManySteps} */
  isWritten(value: string, steps: Steps): boolean {
    const words = wordsBesideFigures(value);
    if (!this.#areFiguresWritten(value, steps)) return false;
    return words.length === 0 || this.labels.standTogether(words, steps);
  }

  /** Whether all of a value stands here somewhere. @throws {TooManySteps} */
  isScattered(value: string, steps: Steps): boolean {
    return (
      this.#areFiguresWritten(value, steps) &&
      wordsBesideFigures(value).every((word) => standsAsIs(soughtFor(word), this.indexed, steps))
    );
  }

  #areFiguresWritten(value: string, steps: Steps): boolean {
    this.#writings ??= writingsOf(this.text);
    const { dates, numbers } = figuresOf(value);
    // "1,574.01" is not "15,740.1", though the digits are the same.
    const exact = numbers.map(({ digits, readings }) => ({
      digits: readings.some((run) => /\d\.\d/.test(run)) ? '' : digits,
      readings,
    }));
    return areWritten({ dates, numbers: exact }, this.#writings, steps);
  }

  /** How sure OCR was of the worst of the words at a place; undefined where it read none of them. */
  confidenceAt({ start, end }: Span): number | undefined {
    const confidences = this.words?.confidences;
    if (!confidences) return undefined;
    const { offsets } = this.indexed;
    let least: number | undefined;
    for (let word = 0; (offsets[2 * word] ?? Infinity) < end; word++) {
      const confidence = confidences[word];
      if ((offsets[2 * word + 1] ?? 0) <= start || confidence === undefined) continue;
      least = Math.min(least ?? 100, confidence);
    }
    return least;
  }
}

/** Whether other answers about the same pages said the same. */
function readAgain(name: string, value: string, readings: readonly (readonly Field[])[]): Reason | undefined {
  const values = readings.flatMap((fields) => fields.filter((field) => field.name === name));
  if (values.length === 0) return undefined;
  return values.every((field) => isSame(field.value, value)) ? 'read_again_same' : 'read_again_differs';
}

function isSame(a: string, b: string): boolean {
  return a === b || searchForm(a) === searchForm(b);
}

/** The pages whose own answer gave the value, and whether another page gave another one. */
function readOn(
  name: string,
  value: string,
  { page_data: data, pages }: AccountRecord,
): { sources: number[]; differ: boolean } {
  const sources: number[] = [];
  let differ = false;
  for (const page of pages) {
    const fields = data[page];
    const field = fields && Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) continue;
    if (textOf(field) === value) sources.push(page);
    else if (isFilled(field)) differ = true;
  }
  return { sources, differ };
}

function standing(parts: readonly PartEvidence[], pages: readonly Page[], steps: Steps): Reason {
  const missing = parts.filter((part) => !('places' in part));
  if (parts.length > 0 && missing.length === 0) return 'stands';
  try {
    const lost = missing.filter(({ part }) => !pages.some((page) => page.isWritten(part, steps)));
    if (lost.length === 0) return 'stands_otherwise';
    if (lost.length < parts.length) return 'stands_in_part';
    if (lost.every(({ part }) => pages.some((page) => page.isScattered(part, steps)))) return 'scattered';
    return lost.some(({ part }) => /\d/.test(part)) ? 'figures_nowhere' : 'words_nowhere';
  } catch (error) {
    if (!(error instanceof TooManySteps)) throw error;
    return 'words_nowhere';
  }
}

const EXACT = 0.95;
const CLOSE = 0.7;
const PARTLY = 0.35;
/** A label elsewhere is better when it is better by so much. */
const BETTER = 0.1;

function labelling(name: string, parts: readonly PartEvidence[], pageOf: (number: number) => Page): Reason[] {
  const field = nameWords(name);
  let best: (Labelled & { place: EvidencePlace }) | undefined;
  for (const part of parts) {
    if (!('places' in part)) continue;
    for (const place of part.places) {
      const labelled = pageOf(place.page).labels.at(place, field);
      if (!best || labelled.affinity > best.affinity) best = { ...labelled, place };
    }
  }
  if (!best) return [];
  const { labels } = pageOf(best.place.page);
  const isCut = labels.isWhole(best.place, lastOn(best.place, parts), best.label) === false;
  return [byLabel(field, best, labels), ...(isCut ? (['cut_short'] as const) : [])];
}

/** The last part of a value, that may stand behind its first one. */
function lastOn(first: EvidencePlace, parts: readonly PartEvidence[]): EvidencePlace {
  const last = parts.at(-1);
  const places = last && 'places' in last ? last.places : [];
  return places.find((place) => place.page === first.page && place.end >= first.end) ?? first;
}

function byLabel(
  field: LabelWords,
  { affinity, label, place }: Labelled & { place: EvidencePlace },
  labels: PageLabels,
): Reason {
  const best = Math.max(labels.best(field), affinity < EXACT ? labels.besides(place, field) : 0);
  if (best > affinity + BETTER) return best >= CLOSE ? 'label_elsewhere' : 'label_perhaps_elsewhere';
  if (label && isOfAnother(field, label, labels)) return 'label_of_another';
  if (affinity >= EXACT) return 'label_exact';
  if (affinity >= CLOSE) return 'label_close';
  return affinity >= PARTLY ? 'label_partly' : 'label_nowhere';
}

/** "Signer2_Name" is the second of several labels "Name", where they have no numbers themselves, or under one. */
function isOfAnother({ number }: LabelWords, label: FoundLabel, labels: PageLabels): boolean {
  if (number !== undefined && label.row)
    return Number(number) <= label.row.of && label.row.rank !== Number(number);
  if (number === undefined || label.number !== undefined || label.start === undefined) return false;
  const starts = labels.startsLike(label);
  const rank = starts.indexOf(label.start) + 1;
  return starts.length > 1 && rank > 0 && Number(number) <= starts.length && rank !== Number(number);
}

const SURE = 90;
const UNSURE = 70;

function printed(parts: readonly PartEvidence[], pageOf: (number: number) => Page): Reason | undefined {
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

function sums(
  isProved: boolean,
  name: string,
  balance: { names: string[]; addsUp: boolean } | undefined,
): Reason | undefined {
  if (balance?.names.includes(name)) return balance.addsUp ? 'adds_up' : 'does_not_add_up';
  return isProved ? 'adds_up' : undefined;
}

function onOtherPages(pages: number, differ: boolean): Reason | undefined {
  if (differ) return 'other_pages_differ';
  return pages > 1 ? 'other_pages_agree' : undefined;
}
