import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessingPlan, Store, StoredDocument } from '../src/index.js';
import { newFolder } from './shared.js';
import { unread } from './stored-document.js';

/** A review, as its rows are written: what a person said of a value. */
export interface Said {
  document: string;
  field?: string;
  account?: string | null;
  reading?: number;
  action: 'confirmed' | 'corrected' | 'reopened';
  read?: string;
  value?: string | null;
  daysAgo?: number;
  plan?: ProcessingPlan;
  model?: string | null;
  answerForm?: string | null;
}

/** Keeps a document that has been read, with its page texts. */
export async function addRead(
  store: Store,
  texts: ReadonlyMap<number, string>,
  read: Partial<StoredDocument> = {},
): Promise<string> {
  const path = join(await newFolder(), 'a.pdf');
  writeFileSync(path, '%PDF-1.7');
  const run = randomUUID();
  const document = unread();
  const plan: ProcessingPlan = { path: 'single-page' };
  await store.add({ document, owner: 'o', sender: {}, plan }, path, [], { run });
  const words = new Map(Array.from(texts.keys(), (page) => [page, { boxes: new Uint16Array() }]));
  await store.keepPageTexts(
    { id: document.id, run },
    { texts: new Map(texts), words, totalPages: texts.size, ocrPages: [], unreadablePages: [] },
  );
  await store.finish({ ...document, status: 'completed', ...read }, run, []);
  return document.id;
}

/** The statement that keeps what was said. */
export function insertion(said: Said): string {
  const { document, field = 'Name', account = null, reading = 1, action, read = 'a', value = null } = said;
  const { daysAgo = 0, plan = { path: 'single-page' }, model = 'm', answerForm = null } = said;
  const columns =
    'document_id, reading, account, field, action, read_value, value, person, at, plan, model, answer_form';
  const values = [
    ...[document, String(reading), account, field, action, read, value, 'p'].map(quoted),
    `now() - interval '${daysAgo} days'`,
    ...[JSON.stringify(plan), model, answerForm].map(quoted),
  ];
  return `INSERT INTO quire.corrections (${columns}) VALUES (${values.join(', ')})`;
}

function quoted(text: string | null): string {
  return text === null ? 'NULL' : `'${text.replaceAll("'", "''")}'`;
}
