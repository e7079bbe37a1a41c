import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Store, type StoredDocument } from '../../src/index.js';
import type { DocumentRecord } from '../../src/stages/record.js';
import type { SupportedEvidence } from '../../src/stages/support/support.js';
import { newDatabase, newDataFolder, newFolder, runSql } from '../shared.js';
import { unread } from '../stored-document.js';

/** The records of a document that was read again. */

const PLAN = { path: 'batch', batchSize: 2, maxWorkers: 3 } as const;

let pdf: string;
beforeAll(async () => {
  pdf = join(await newFolder(), 'a.pdf');
  writeFileSync(pdf, '%PDF-1.7');
});

/** A record with all that could mislead who looks for it in text. */
function recordOf(value: string): StoredDocument['documents'][number] {
  const result = {
    documents: { value: '"documents":[{"plan":{"path":', confidence: 1 },
    plan: { value, confidence: 90 },
    'plan":{"path":': { value: 'U+0000 \0 and a pair 😀', confidence: 90 },
  };
  return {
    accounts: [{ accountNumber: '1', result, page_data: { '1': result } }],
    page_mapping: { '1': '1' },
    failed_pages: [],
    plan: PLAN,
    usage: { calls: 1 },
    extracted_fields: { total_accounts: 1, accounts_processed: 1 },
    needs_human_review: false,
  } as unknown as StoredDocument['documents'][number];
}

const evidenceOf = (value: string): SupportedEvidence[] => [
  { account: '1', fields: { plan: [{ part: value, not_found: true }] }, support: {} },
];

describe.each(['on a server', 'embedded'])('%s', (where) => {
  let store: Store;
  let url: string;
  beforeAll(async () => {
    url = where === 'embedded' ? '' : await newDatabase();
    store = await Store.open(url ? { url, dataDir: '' } : { dataDir: await newDataFolder() });
  });
  afterAll(() => store.close());

  async function add(): Promise<{ document: StoredDocument; run: string }> {
    const run = randomUUID();
    const document = {
      ...unread(),
      filename: '"documents":[{ "processed_date":"2001-01-01T00:00:00.000Z".pdf',
    };
    await store.add({ document, owner: 'o', sender: {}, plan: PLAN }, pdf, [], { run });
    return { document, run };
  }

  const at = (second: number) => `2026-11-28T07:00:${String(second).padStart(2, '0')}.000Z`;

  /** Has it read, and kept so. */
  async function keep(
    document: StoredDocument,
    run: string,
    value: string,
    second = 0,
  ): Promise<StoredDocument> {
    const kept: StoredDocument = {
      ...document,
      processed_date: at(second),
      status: 'completed',
      stage: 'completed',
      documents: [recordOf(value)],
    };
    await store.finish(kept, run, [], {
      evidence: evidenceOf(value),
      notes: [],
      readAs: { model: 'm', answer_form: 'lines' },
    });
    return kept;
  }

  async function readAgain(document: StoredDocument, value: string, second: number): Promise<StoredDocument> {
    const run = randomUUID();
    await store.reopen({ ...document, status: 'extracting' }, 'o', { run });
    return keep(document, run, value, second);
  }

  const kinds = async (id: string) =>
    (await store.readings(id, 'o'))?.readings.map(({ number, kind }) => `${number} ${kind}`);
  const valueOf = async (id: string, number: number, kind: 'current' | 'served' | 'shadow') => {
    const kept = await store.readingRecord(id, 'o', { number, kind });
    return kept && (JSON.parse(kept.text) as DocumentRecord).accounts[0]?.result.plan;
  };

  test('a record that comes again leaves the one before with its number, plan and time', async () => {
    const { document, run } = await add();
    expect((await store.readings(document.id, 'o'))?.readings).toEqual([]);
    const first = await keep(document, run, 'one');
    expect(await kinds(document.id)).toEqual(['1 current']);
    await readAgain(first, 'two', 1);
    expect(await store.readings(document.id, 'o')).toEqual({
      name: 'a',
      isBeingRead: false,
      readings: [
        { number: 2, kind: 'current', plan: PLAN, keptAt: at(1) },
        { number: 1, kind: 'served', plan: PLAN, keptAt: at(0) },
      ],
    });
    expect(
      JSON.parse((await store.readingRecord(document.id, 'o', { number: 1, kind: 'served' }))?.text ?? ''),
    ).toEqual(recordOf('one'));
    expect(
      JSON.parse((await store.readingRecord(document.id, 'o', { number: 2, kind: 'current' }))?.text ?? ''),
    ).toEqual(recordOf('two'));
    expect(await store.readingRecord(document.id, 'o', { number: 1, kind: 'current' })).toBeUndefined();
  });

  test('a reading that gives none leaves the record and its number', async () => {
    const { document, run } = await add();
    const first = await keep(document, run, 'one');
    const again = randomUUID();
    const { documents: _none, ...listed } = first;
    await store.reopen({ ...first, status: 'extracting' }, 'o', { run: again });
    await store.finish({ ...listed, status: 'failed', error: 'Broken' }, again, []);
    expect(await kinds(document.id)).toEqual(['1 current']);
    expect(await valueOf(document.id, 1, 'current')).toEqual({ value: 'one', confidence: 90 });
  });

  test('the last three are kept', async () => {
    const { document, run } = await add();
    let last = await keep(document, run, '1');
    for (let reading = 2; reading <= 6; reading++) last = await readAgain(last, String(reading), reading);
    expect(await kinds(document.id)).toEqual(['6 current', '5 served', '4 served', '3 served']);
    expect(await valueOf(document.id, 3, 'served')).toEqual({ value: '3', confidence: 90 });
  });

  test('the other path’s stands under the number it was compared with, and a later one takes its place', async () => {
    const { document, run } = await add();
    const first = await keep(document, run, 'one');
    const keepOther = (value: string) =>
      store.keepOtherReading(document.id, (_document, evidence) => ({ record: recordOf(value), evidence }));
    await keepOther('other');
    const second = await readAgain(first, 'two', 1);
    expect(await kinds(document.id)).toEqual(['2 current', '1 served', '1 shadow']);
    await keepOther('another');
    expect(await kinds(document.id)).toEqual(['2 current', '2 shadow', '1 served']);
    expect(await valueOf(document.id, 2, 'shadow')).toEqual({ value: 'another', confidence: 90 });
    await store.keepOtherReading(document.id, () => undefined);
    expect(await kinds(document.id)).toEqual(['2 current', '2 shadow', '1 served']);
    await store.reopen({ ...second, status: 'extracting' }, 'o', { run: randomUUID() });
    await keepOther('while it is read');
    expect(await valueOf(document.id, 2, 'shadow')).toEqual({ value: 'another', confidence: 90 });
  });

  test('all of them go with the document, and are nobody else’s', async () => {
    const { document, run } = await add();
    await readAgain(await keep(document, run, 'one'), 'two', 1);
    expect(await store.readings(document.id, 'p')).toBeUndefined();
    expect(await store.readingRecord(document.id, 'p', { number: 1, kind: 'served' })).toBeUndefined();
    expect(await store.readings('none', 'o')).toBeUndefined();
    await store.delete(document.id, 'o');
    expect(await store.readings(document.id, 'o')).toBeUndefined();
    if (url) {
      expect(await runSql(url, `SELECT FROM quire.readings WHERE document_id = '${document.id}'`)).toEqual(
        [],
      );
    }
  });

  if (where === 'embedded') return;

  const readAs = async (id: string) =>
    (await runSql(url, `SELECT read_as FROM quire.documents WHERE id = '${id}'`))[0]?.read_as;

  test('what a process of the version before keeps is counted in the same way', async () => {
    const { document, run } = await add();
    const first = await keep(document, run, 'one');
    const again = randomUUID();
    await store.reopen({ ...first, status: 'extracting' }, 'o', { run: again });
    const anew = JSON.stringify({ ...first, documents: [recordOf('two')] }).replaceAll(`'`, `''`);
    await runSql(
      url,
      `UPDATE quire.documents SET document = '${anew}', status = 'completed', page_texts = NULL WHERE id = '${document.id}'`,
    );
    expect(await kinds(document.id)).toEqual(['2 current', '1 served']);
    // How it was read is not known: what is there is of the record before.
    expect(await readAs(document.id)).toBeNull();
  });

  test('how it was read stays with the record through a reading that gives none', async () => {
    const { document, run } = await add();
    const first = await keep(document, run, 'one');
    const again = randomUUID();
    const { documents: _none, ...listed } = first;
    await store.reopen({ ...first, status: 'extracting' }, 'o', { run: again });
    await store.finish({ ...listed, status: 'failed', error: 'Broken' }, again, []);
    expect(await readAs(document.id)).toEqual({ run, model: 'm', answer_form: 'lines' });
    await readAgain(first, 'two', 1);
    expect(await readAs(document.id)).toMatchObject({ model: 'm', answer_form: 'lines' });
    expect(await readAs(document.id)).not.toMatchObject({ run });
  });
});
