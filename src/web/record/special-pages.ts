import type { Note } from '../parts/document.js';
import { failureWords } from '../parts/failure-words.js';
import type { ShownRecord } from '../parts/standing.js';

/** A page that failed, with what the model service said of it. */
interface FailedPage {
  page: number;
  account: string | null;
  reason: string;
  said: readonly string[];
}

/** Pages that are special in the same way. */
interface SpecialPages {
  title: string;
  pages: readonly number[];
  told: string;
  /** Whether the record lacks something of them. */
  isMissing: boolean;
}

/** All there is to know about the reading beside its values, for the screen and for paper. */
export interface AboutReading {
  failed: readonly FailedPage[];
  lists: readonly SpecialPages[];
  notes: readonly Note[];
}

export function aboutReading(record: ShownRecord, notes: readonly Note[]): AboutReading {
  const failed = record.failed_pages.map(({ page, account, reason }): FailedPage => {
    const said = notes.filter((note) => isOfFailed(note) && note.page === page);
    return { page, account, reason, said: said.map(({ detail }) => detail) };
  });
  const lists: SpecialPages[] = [
    {
      title: 'Cut pages',
      pages: record.truncated_pages,
      told: 'Only their first 12,000 characters were read.',
      isMissing: true,
    },
    {
      title: 'Pages without an account',
      // Where no page names one, they were read as one document, whether or not they held fields.
      pages: Object.keys(record.page_mapping).length > 0 ? record.unassigned_pages : [],
      told: 'They come before the first page that names an account, and were not read.',
      isMissing: true,
    },
    {
      title: 'Blank pages',
      pages: record.blank_pages,
      told: 'They hold hardly any text, so nothing was asked about them.',
      isMissing: true,
    },
    {
      title: 'Scanned pages',
      pages: record.ocr_pages,
      told: 'Their text was read from a picture (OCR).',
      isMissing: false,
    },
  ];
  return {
    failed,
    lists: lists.filter(({ pages }) => pages.length > 0),
    notes: notes.filter((note) => !isOfFailed(note)),
  };
}

/** What the model service said stands with the page that failed. */
function isOfFailed({ kind }: Note): boolean {
  return kind === 'service_refused';
}

/** A note in plain words. */
export function noteSentence({ kind, detail }: Note): string {
  switch (kind) {
    case 'asked_again':
      return `It was asked about once more, alone, because ${failureWords(detail) || 'the first answer could not be used'}.`;
    case 'account_in_passing':
      return `It belongs to its account because the number ${detail} stands in its text. A letter may mention any number: see whether it does.`;
    case 'joined_in_passing':
      return `It names no account and follows page ${detail}, which names one only in its text.`;
    case 'few_fields':
      return `Fewer values were read than stand there: ${detail}. Look at this page first.`;
    case 'field_dropped':
      return `${detail} of its fields came in a form that could not be read, twice, and were left out.`;
    case 'unsure_text':
      return `Its picture is hard to read: OCR was ${detail} of 100 sure.`;
    case 'service_refused':
      return `The model service refused it: ${detail}`;
  }
}
