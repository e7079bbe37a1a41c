import { failureWords } from '../parts/failure-words.js';
import type { Listed } from './documents.js';
import type { Entry, Wait } from './calls.js';

/** What is shown, in words. */

export const STAGES = [
  ['ocr_extraction', 'Page texts'],
  ['account_splitting', 'Accounts'],
  ['page_analysis', 'Page analysis'],
  ['llm_extraction', 'Fields'],
] as const;

export const STATES = {
  reading: { says: 'Being read', look: 'badge' },
  done: { says: 'Read', look: 'good badge' },
  needs_review: { says: 'Needs review', look: 'notice badge' },
  failed: { says: 'Failed', look: 'bad badge' },
} as const;

export function stateOf({ status, needs_review }: Listed): keyof typeof STATES {
  if (status === 'extracting') return 'reading';
  if (status === 'failed') return 'failed';
  return needs_review ? 'needs_review' : 'done';
}

export function nameOf({ document_name, filename }: Listed): string {
  return document_name || filename;
}

/** The path a document is read on, with its plan as it is set. */
export function planWords(plan: string): string {
  return `${plan.startsWith('batch') ? 'In batches' : 'Page by page'} (${plan})`;
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** Why calls wait. */
export const WAITS: Readonly<Record<Wait['why'], string>> = {
  turn: 'Other documents are read first',
  asked_to_wait: 'The model service asked to wait',
  rate_limit: 'The limits of the model service are used up',
  outage: 'The model service is away',
};

const DOUBTS: Readonly<Record<string, string>> = {
  value_slipped: 'a value stood on another page',
  value_not_found: 'a value stands nowhere on its page',
  fields_missing: 'labelled values were left out',
  too_many_values: 'there were too many values to check',
  field_malformed: 'a field was in no form that can be read',
};

export function whatOf(entry: Entry): string {
  switch (entry.kind) {
    case 'call': {
      const what = entry.purpose === 'first' ? 'First call' : 'Salvage';
      return entry.attempt > 1 ? `${what}, try ${entry.attempt}` : what;
    }
    case 'wait':
      return `Wait: ${WAITS[entry.why].toLowerCase()}`;
    case 'salvage':
      return 'Salvage begins';
    case 'again':
      return 'The document is read again';
  }
}

export function outcomeOf(entry: Entry): string {
  if (entry.kind === 'salvage') {
    const because = entry.why ? `: ${DOUBTS[entry.why] ?? failureWords(entry.why)}` : '';
    return `each page is asked alone${because}`;
  }
  if (entry.kind !== 'call') return '';
  switch (entry.outcome) {
    case undefined:
      return 'under way';
    case 'answered':
      return 'answered';
    case 'broken_off':
      return 'broken off by Quire';
    case 'lost':
      return 'its end was not told';
    default:
      return failureWords(entry.outcome);
  }
}

/** Whether it ended badly. */
export function isBad(entry: Entry): boolean {
  return entry.kind === 'call' && entry.outcome !== undefined && entry.outcome !== 'answered';
}

/** Numbers of pages, like `3–5, 9`. */
export function pagesWords(pages: readonly number[] = []): string {
  const ranges: [number, number][] = [];
  for (const page of pages) {
    const last = ranges.at(-1);
    if (last && page === last[1] + 1) last[1] = page;
    else ranges.push([page, page]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}

export function secondsWords(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 9_950 ? 1 : 0)} s`;
}
