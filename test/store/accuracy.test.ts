import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { accuracyOf } from '../../src/documents/accuracy.js';
import { Store } from '../../src/index.js';
import { addRead, insertion, type Said } from '../corrections.js';
import { newDatabase, runSql } from '../shared.js';

/** How often people corrected what was read, counted in a real database. */

let url: string;
let store: Store;
const opened: Store[] = [];
beforeEach(async () => {
  url = await newDatabase();
  store = await Store.open({ url });
  opened.push(store);
});
afterAll(() => Promise.all(opened.map((each) => each.close())));

async function say(...said: Said[]): Promise<void> {
  for (const each of said) await runSql(url, insertion(each));
}

async function accuracy(days?: number) {
  return accuracyOf(await store.lookedAt(days), days);
}

const newDocument = () => addRead(store, new Map([[1, 'Name: Maria Keller']]));

test('nothing is measured while nobody has looked', async () => {
  expect(await accuracy()).toMatchObject({
    days: null,
    documents: 0,
    all: null,
    by_field: [],
    more_fields: 0,
  });
});

test('confirmed and corrected values are counted, with an interval around their share', async () => {
  const [one, two] = [await newDocument(), await newDocument()];
  await say(
    { document: one, field: 'Name', action: 'corrected', value: 'b' },
    { document: one, field: 'SSN', action: 'confirmed' },
    { document: two, field: 'Name', action: 'confirmed' },
    { document: two, field: 'Name', account: '12345678', action: 'confirmed' },
  );
  const { documents, all, by_field: fields } = await accuracy();
  expect(documents).toBe(2);
  expect(all).toMatchObject({ values: 4, confirmed: 3, corrected: 1, rate: 0.25 });
  expect(all?.least).toBeCloseTo(0.0456, 4);
  expect(all?.most).toBeCloseTo(0.6994, 4);
  expect(fields).toMatchObject([
    { name: 'Name', values: 3, corrected: 1 },
    { name: 'SSN', values: 1, corrected: 0 },
  ]);
});

describe('of each value, what was said last counts', () => {
  test('one confirmed after it was corrected is confirmed', async () => {
    const document = await newDocument();
    await say({ document, action: 'corrected', value: 'b' }, { document, action: 'confirmed' });
    expect((await accuracy()).all).toMatchObject({ confirmed: 1, corrected: 0 });
  });

  test('one that is to be looked at again is none', async () => {
    const document = await newDocument();
    await say({ document, action: 'corrected', value: 'b' }, { document, action: 'reopened' });
    expect((await accuracy()).all).toBeNull();
  });

  test('one corrected to what was read is confirmed', async () => {
    const document = await newDocument();
    await say({ document, action: 'corrected', read: 'same', value: 'same' });
    expect((await accuracy()).all).toMatchObject({ confirmed: 1, corrected: 0 });
  });

  test('one corrected to nothing is corrected', async () => {
    const document = await newDocument();
    await say({ document, action: 'corrected', value: null });
    expect((await accuracy()).all).toMatchObject({ confirmed: 0, corrected: 1 });
  });

  test('another reading of the document has values of its own', async () => {
    const document = await newDocument();
    await say(
      { document, reading: 1, action: 'corrected', value: 'b' },
      { document, reading: 2, action: 'confirmed' },
    );
    expect((await accuracy()).all).toMatchObject({ confirmed: 1, corrected: 1 });
  });
});

test('values are grouped by path, plan, model and answer form', async () => {
  const document = await newDocument();
  const batch = (batchSize: number) => ({ path: 'batch', batchSize, maxWorkers: 3 }) as const;
  await say(
    { document, field: 'A', action: 'confirmed', model: 'large' },
    { document, field: 'B', action: 'confirmed', plan: batch(2), model: 'small', answerForm: 'lines' },
    {
      document,
      field: 'C',
      action: 'corrected',
      value: '',
      plan: batch(2),
      model: null,
      answerForm: 'lines',
    },
    {
      document,
      field: 'D',
      action: 'corrected',
      value: '',
      plan: batch(5),
      model: 'small',
      answerForm: 'objects',
    },
  );
  const found = await accuracy();
  const counts = (rates: { name: string | null; corrected: number; values: number }[]) =>
    rates.map(({ name, corrected, values }) => [name, corrected, values]);
  expect(counts(found.by_path)).toEqual([
    ['batch', 2, 3],
    ['single-page', 0, 1],
  ]);
  expect(counts(found.by_plan)).toEqual([
    ['batch 5x3', 1, 1],
    ['batch 2x3', 1, 2],
    ['single-page', 0, 1],
  ]);
  expect(counts(found.by_model)).toEqual([
    [null, 1, 1],
    ['small', 1, 2],
    ['large', 0, 1],
  ]);
  expect(counts(found.by_answer_form)).toEqual([
    ['objects', 1, 1],
    ['lines', 1, 2],
    [null, 0, 1],
  ]);
});

test('what is surely wrong stands before what may be, and of two alike the one looked at more often', async () => {
  const document = await newDocument();
  const values = (field: string, corrected: number, confirmed: number): Said[] =>
    Array.from({ length: corrected + confirmed }, (_, at) => ({
      document,
      field,
      account: String(at),
      value: 'b',
      action: at < corrected ? 'corrected' : 'confirmed',
    }));
  await say(
    ...values('Once', 1, 0),
    ...values('Often', 12, 4),
    ...values('Never', 0, 2),
    ...values('Known', 0, 5),
  );
  expect((await accuracy()).by_field.map(({ name }) => name)).toEqual(['Often', 'Once', 'Known', 'Never']);
});

test('at most 200 fields are listed, and the others counted', async () => {
  const document = await newDocument();
  const said = insertion({ document, action: 'confirmed', field: 'field' });
  await runSql(
    url,
    said
      .replace(/VALUES \((.*)\)$/, 'SELECT $1 FROM generate_series(1, 203) AS n')
      .replace("'field'", "'f' || n"),
  );
  const { by_field: fields, more_fields: more } = await accuracy();
  expect(fields).toHaveLength(200);
  expect(more).toBe(3);
});

test('days count back from now, by when a value was looked at last', async () => {
  const document = await newDocument();
  await say(
    { document, field: 'Old', action: 'confirmed', daysAgo: 40 },
    { document, field: 'New', action: 'confirmed', daysAgo: 2 },
    { document, field: 'Both', action: 'corrected', value: 'b', daysAgo: 40 },
    { document, field: 'Both', action: 'confirmed', daysAgo: 1 },
  );
  const { days, all } = await accuracy(30);
  expect(days).toBe(30);
  expect(all).toMatchObject({ confirmed: 2, corrected: 0 });
  expect((await accuracy(1_000)).all).toMatchObject({ values: 3 });
});

describe('of documents that are gone', () => {
  const SAID: Omit<Said, 'document'>[] = [
    { field: 'Account_Holder_Name', action: 'confirmed', daysAgo: 9 },
    { field: 'Account_Holder_Name', account: '12345678', action: 'corrected', value: 'Maria Keller' },
    { field: 'SSN', action: 'corrected', value: 'b', answerForm: 'lines', model: null },
    { field: 'SSN', account: '12345678', action: 'confirmed', daysAgo: 40 },
    { field: 'Signer2_DOB', action: 'reopened' },
  ];
  const reviewed = async () => {
    const document = await newDocument();
    await say(...SAID.map((each) => ({ ...each, document })));
    return document;
  };
  const expire = async () => {
    await runSql(url, `UPDATE quire.documents SET uploaded_at = now() - interval '3 days'`);
    return store.expire(2, 10);
  };

  test.each([
    ['deleted', (document: string) => store.delete(document, 'o')],
    ['forgotten when their days have passed', expire],
  ])('and were %s, the counts stay what they were', async (_how, go) => {
    await reviewed();
    const document = await reviewed();
    const before = [await accuracy(), await accuracy(30), await accuracy(5)];
    await go(document);
    expect([await accuracy(), await accuracy(30), await accuracy(5)]).toEqual(before);
    expect(before.map(({ all, documents }) => [all?.values, documents])).toEqual([
      [8, 2],
      [6, 2],
      [4, 2],
    ]);
  });

  test('nothing stays but counts: no value, no name, no id', async () => {
    const document = await reviewed();
    await say(
      { document, field: 'Maria_Keller_Signature', action: 'corrected', read: 'secret', value: 'hidden' },
      { document, field: 'Balance_of_12345678', action: 'confirmed' },
      { document, field: 'x'.repeat(10_000), action: 'confirmed' },
      { document, field: '', action: 'confirmed' },
    );
    await store.delete(document, 'o');
    const left = JSON.stringify(await runSql(url, 'SELECT * FROM quire.past_reviews'));
    expect(left).not.toMatch(new RegExp(`Maria|Keller|12345678|secret|hidden|xxx|${document}`));
    expect((await accuracy()).by_field).toMatchObject([
      { name: 'Account_Holder_Name', confirmed: 1, corrected: 1 },
      { name: 'SSN', confirmed: 1, corrected: 1 },
      { name: null, confirmed: 3, corrected: 1 },
    ]);
  });

  test('at most 200 names of fields are kept of a day, and the others counted as one', async () => {
    for (const from of [1, 150]) {
      const document = await newDocument();
      const said = insertion({ document, action: 'confirmed', field: 'field' });
      const word = (by: number) =>
        `(ARRAY['Date', 'Name', 'Type', 'Amount', 'City', 'State', 'Phone', 'Number'])[n / ${by} % 8 + 1]`;
      const name = [1, 8, 64].map(word).join(` || '_' || `);
      await runSql(
        url,
        said
          .replace(/VALUES \((.*)\)$/, `SELECT $1 FROM generate_series(${from}, ${from + 149}) AS n`)
          .replace("'field'", name),
      );
      await store.delete(document, 'o');
    }
    const [row] = await runSql(
      url,
      `SELECT count(DISTINCT field) AS names, sum(confirmed) AS values FROM quire.past_reviews`,
    );
    expect(row).toMatchObject({ values: '300' });
    expect(row?.names).toBe('201');
  });

  test('one that is deleted from two sides while it is reviewed is counted once', async () => {
    for (let round = 0; round < 5; round++) {
      const document = await reviewed();
      const add = (account: string) =>
        store.corrections.add(
          document,
          {
            account,
            field: 'Name',
            verdict: { action: 'confirmed' },
            readValue: 'a',
            person: undefined,
            personName: undefined,
            plan: { path: 'single-page' },
          },
          { seen: 0, reading: 1 },
        );
      const before = (await accuracy()).all?.values ?? 0;
      const [one, other, ...added] = await Promise.all([
        store.delete(document, 'o'),
        expire(),
        ...['1', '2', '3', '4'].map(add),
      ]);
      expect(Number(one) + other.length).toBe(1);
      expect(await store.delete(document, 'o')).toBe(false);
      const kept = added.filter((each) => 'added' in each).length;
      expect((await accuracy()).all?.values).toBe(before + kept);
    }
  });
});
