import { readFileSync } from 'node:fs';
import type { AccountRecord, DocumentRecord, ProcessingPlan } from '../src/index.js';
import type { Field, ReceivedPage } from './provider.js';

export interface GoldenDocument {
  name: string;
  pages: Record<string, string>;
  fields: Record<string, Record<string, { value: string; confidence: number }>>;
  expected: {
    accounts: Omit<AccountRecord, 'processing_method'>[];
    page_mapping: Record<string, string>;
    unassigned_pages: number[];
  };
}

interface GoldenFile {
  detection: { text: string; accounts: string[] }[];
  documents: GoldenDocument[];
}

export const GOLDEN = JSON.parse(
  readFileSync(new URL('./golden/current-system.json', import.meta.url), 'utf8'),
) as GoldenFile;

export const PLANS: ProcessingPlan[] = [
  { path: 'single-page' },
  { path: 'batch', batchSize: 2, maxWorkers: 1 },
  { path: 'batch', batchSize: 2, maxWorkers: 3 },
  { path: 'batch', batchSize: 3, maxWorkers: 5, answerForm: 'objects' },
  { path: 'batch', batchSize: 10, maxWorkers: 20 },
];

export function planName(plan: ProcessingPlan): string {
  if (plan.path !== 'batch') return plan.path;
  return `batch ${plan.batchSize}x${plan.maxWorkers}, answered as ${plan.answerForm ?? 'lines'}`;
}

/**
 * A model that reads what the golden file says stands on a page. It knows pages by their text, so a
 * page that arrives changed, cut elsewhere or mixed up with another is not read but an error.
 */
export function goldenReader(documents: readonly GoldenDocument[]): (page: ReceivedPage) => Field[] {
  const known = new Map<string, Field[]>();
  for (const { pages, fields } of documents) {
    for (const [number, text] of Object.entries(pages)) {
      const read = Object.entries(fields[number] ?? {}).map(([name, field]) => ({ name, ...field }));
      known.set(`${number}\n${asSent(text)}`, read);
    }
  }
  return ({ number, text }) => {
    const fields = known.get(`${number}\n${text}`);
    if (!fields) throw new Error(`Page ${number} did not arrive as it was given`);
    return fields;
  };
}

/** The text of a page as the wire format says it is sent. */
export function asSent(text: string): string {
  return Array.from(text)
    .slice(0, 12_000)
    .join('')
    .replaceAll(/<(\/?)(page)/gi, '&lt;$1$2');
}

/** The part of a record the golden file speaks of, in its form; equal as text, order of keys included. */
export function goldenPart({ accounts, page_mapping, unassigned_pages }: DocumentRecord): string {
  const compared = accounts.map(({ processing_method, ...account }) => {
    if (processing_method !== 'regex_detection + page_by_page_llm_extraction')
      throw new Error(processing_method);
    return account;
  });
  return JSON.stringify({ accounts: compared, page_mapping, unassigned_pages });
}
