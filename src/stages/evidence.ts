import { pauses } from '../pauses.js';
import { valueParts } from '../processor/grounding.js';
import { indexPage, locate, type IndexedPage } from '../processor/locate.js';
import { fieldNamed, textOf, type AccountRecord } from '../processor/merge.js';
import { sentText } from '../processor/page.js';
import type { Place } from '../processor/words.js';
import type { PageTexts } from './page-texts.js';
import { accountRecords, type DocumentRecord } from './record.js';

/** A place where a part of a value stands. */
export interface EvidencePlace {
  page: number;
  /** In the page's text, in UTF-16 units, `end` behind the last. */
  start: number;
  end: number;
  /**
   * Left, top, right and bottom as fractions of the page as PDFium draws it, from its top left; one box for
   * each line. Empty for texts that came without their pages.
   */
  boxes: [left: number, top: number, right: number, bottom: number][];
}

/**
 * Where a part of a value stands, at most 20 places, by page, on each page the one beside its label first; or
 * that it stands on none of the pages it was read on.
 */
export type PartEvidence = { part: string } & ({ places: EvidencePlace[] } | { not_found: true });

/** Where the values of an account's merged fields stand. */
export interface AccountEvidence {
  /** null for a document in which no page names an account. */
  account: string | null;
  /** By field name, a value's parts in their order: "John Smith, Mary Smith" has two. */
  fields: Record<string, PartEvidence[]>;
}

const MAX_PLACES = 20;

/**
 * Finds where the values of a record stand: on the pages whose own answers gave them, never on another page,
 * which would show a value where nobody read it. Only the text that was sent to the model is searched.
 * Lets other work of the process go on in between, because a hostile document takes seconds.
 *
 * @param pages the texts the record was made from, with their words for boxes
 */
export async function evidenceOf(
  record: Pick<DocumentRecord, 'accounts' | 'document'>,
  pages: Pick<PageTexts, 'texts' | 'words'>,
): Promise<AccountEvidence[]> {
  const evidence: AccountEvidence[] = [];
  for (const account of accountRecords(record)) {
    evidence.push(await accountEvidence(account, pages));
  }
  return evidence;
}

async function accountEvidence(
  account: AccountRecord,
  { texts, words }: Pick<PageTexts, 'texts' | 'words'>,
): Promise<AccountEvidence> {
  const indexed = new Map<number, IndexedPage>();
  const pageOf = (number: number): IndexedPage => {
    const known = indexed.get(number);
    if (known) return known;
    const page = indexPage(sentText(texts.get(number) ?? ''), words?.get(number));
    indexed.set(number, page);
    return page;
  };
  const pause = pauses();
  const fields: [string, PartEvidence[]][] = [];
  for (const [name, field] of Object.entries(account.result)) {
    const value = textOf(field);
    const sources = pagesWith(name, value, account);
    const wholes = new Map<number, Place | undefined>();
    const wholeOn = (number: number): Place | undefined => {
      if (!wholes.has(number)) wholes.set(number, locate(value, pageOf(number), name)[0]);
      return wholes.get(number);
    };
    const evidence: PartEvidence[] = [];
    for (const part of new Set(valueParts(value))) {
      const places = async (number: number): Promise<Place[]> => {
        await pause();
        const found = locate(part, pageOf(number), name);
        return found.length > 0 && part !== value ? withinFirst(found, wholeOn(number)) : found;
      };
      evidence.push(await partEvidence(part, sources, places));
    }
    fields.push([name, evidence]);
  }
  // fromEntries, because a model may name a field `__proto__`.
  return { account: account.accountNumber, fields: Object.fromEntries(fields) };
}

/** The pages whose own answer has this value. */
export function pagesWith(name: string, value: string, { page_data: data, pages }: AccountRecord): number[] {
  return pages.filter((page) => {
    const field = fieldNamed(data[page], name);
    return field !== undefined && textOf(field) === value;
  });
}

async function partEvidence(
  part: string,
  sources: readonly number[],
  placesOn: (page: number) => Promise<Place[]>,
): Promise<PartEvidence> {
  const found: EvidencePlace[][] = [];
  for (const number of sources) {
    const places = (await placesOn(number)).slice(0, MAX_PLACES);
    if (places.length === 0) continue;
    found.push(places.map((place) => evidencePlace(number, place)));
    // Every page gets its first place before any gets a second: no more can have one.
    if (found.length >= MAX_PLACES) break;
  }
  return found.length > 0 ? { part, places: bestOfEach(found) } : { part, not_found: true };
}

/** Where the whole value stands beside its label, there its parts do. */
function withinFirst(places: Place[], whole: Place | undefined): Place[] {
  if (!whole) return places;
  const isWithin = ({ start, end }: Place): boolean => start >= whole.start && end <= whole.end;
  return [...places.filter(isWithin), ...places.filter((place) => !isWithin(place))];
}

/** No page gets its second place before every page has its first. */
function bestOfEach(pages: EvidencePlace[][]): EvidencePlace[] {
  return pages
    .flatMap((places) => places.map((place, rank) => ({ place, rank })))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MAX_PLACES)
    .map(({ place }) => place)
    .sort((a, b) => a.page - b.page);
}

function evidencePlace(page: number, { start, end, boxes }: Place): EvidencePlace {
  return {
    page,
    start,
    end,
    boxes: boxes.map(({ left, top, right, bottom }) => [left, top, right, bottom]),
  };
}
