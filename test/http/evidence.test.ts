import { afterEach, describe, expect, test } from '@jest/globals';
import { streamed } from '../event-stream.js';
import { makePdf } from '../pdf-fixtures.js';
import type { Behaviour } from '../provider.js';
import { newDatabase, runSql } from '../shared.js';
import { mount } from '../watched-documents.js';

/** Where the values of a record stand, as its viewer is told. */

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const read: Behaviour['read'] = ({ number }) => [
  { name: 'Holder', value: number === 1 ? 'Ada Lovelace' : 'Grace Hopper', confidence: number },
  { name: 'Opened', value: 'in spring', confidence: 90 },
];

/** Two pages of one account; the second is the surer one. */
const PDF = makePdf(
  ['Ada Lovelace', 'Grace Hopper'].map((holder) => ({
    texts: [
      { text: 'ACCOUNT NUMBER: 12345678', x: 20, y: 20, size: 12 },
      { text: `Holder: ${holder}`, x: 306, y: 396, size: 12 },
    ],
  })),
);

async function upload(behaviour: Partial<Behaviour> = {}, settings = {}, pdf = PDF) {
  const url = await newDatabase();
  const plan = { path: 'batch', batchSize: 2, maxWorkers: 1 } as const;
  const mounted = await mount({ read, ...behaviour }, { database: url, plan, settings });
  closing.push(() => mounted.close());
  const { base } = mounted;
  const id = await mounted.upload(await pdf);
  const path = `${base}/api/document/${id}`;
  await streamed(`${path}/events`);
  const evidence = async (user = 'anna') => {
    const response = await fetch(`${path}/evidence`, { headers: { 'x-user': user } });
    return { status: response.status, body: await response.json() };
  };
  const keptPages = () => runSql(url, `SELECT page FROM quire.pages WHERE document_id = '${id}'`);
  return { evidence, keptPages, path };
}

function supportIn(body: unknown) {
  return (body as { evidence: [{ support: Record<string, { support: number; reasons: string[] }> }] })
    .evidence[0];
}

describe('the evidence of a document', () => {
  test('tells where each value stands, on the page that gave it, and which does not', async () => {
    const { evidence } = await upload();
    const { body } = await evidence();
    expect(body).toMatchObject({
      success: true,
      is_complete: true,
      notes: [],
      evidence: [
        {
          account: '12345678',
          fields: {
            Holder: [
              {
                part: 'Grace Hopper',
                places: [
                  {
                    page: 2,
                    boxes: [
                      [
                        expect.closeTo(0.57, 1),
                        expect.closeTo(0.5, 1),
                        expect.any(Number),
                        expect.any(Number),
                      ],
                    ],
                  },
                ],
              },
            ],
            Opened: [{ part: 'in spring', not_found: true }],
          },
        },
      ],
    });
  });

  test('is there for nobody else', async () => {
    const { evidence } = await upload();
    expect((await evidence('berta')).status).toBe(404);
  });

  test('has a note for each page that was asked again', async () => {
    const { evidence } = await upload({
      fault: (_call, index) => (index === 0 ? 'missing page' : undefined),
    });
    expect((await evidence()).body).toMatchObject({
      notes: [{ kind: 'asked_again', page: expect.any(Number), detail: 'page_missing' }],
    });
  });

  test('has a note for a page whose answer leaves out most of what stands on it', async () => {
    const rows = Array.from({ length: 12 }, (_, row) =>
      [`0${1 + (row % 9)}/02`, 'Payment', `${row}.50`].map((text, column) => ({
        text,
        x: 20 + 150 * column,
        y: 40 + 15 * row,
        size: 10,
      })),
    );
    const heading = { text: 'ACCOUNT NUMBER: 12345678', x: 20, y: 20, size: 12 };
    const { evidence } = await upload({}, {}, makePdf([{ texts: [heading, ...rows.flat()] }]));
    expect((await evidence()).body).toMatchObject({
      notes: [{ kind: 'few_fields', page: 1, account: '12345678', detail: '2 of 12' }],
    });
  });

  test('has the support of each value, with its reasons', async () => {
    const { evidence } = await upload();
    const { support } = supportIn((await evidence()).body);
    expect(support.Holder?.reasons).toEqual(['stands', 'label_exact', 'form_right', 'other_pages_differ']);
    expect(support.Opened?.reasons).toEqual(['words_nowhere', 'other_pages_agree']);
    expect(support.Holder?.support).toBeGreaterThan(support.Opened?.support ?? 100);
  });

  test('counts a batch answer that was not used as a second reading', async () => {
    // What the batch says of the second page stands on the first.
    const { evidence } = await upload({
      read: ({ number }, { pages }) => [
        {
          name: 'Holder',
          value: number === 1 || pages.length > 1 ? 'Ada Lovelace' : 'Grace Hopper',
          confidence: number,
        },
        { name: 'Opened', value: 'in spring', confidence: 90 },
      ],
    });
    const { support } = supportIn((await evidence()).body);
    expect(support.Holder?.reasons).toContain('read_again_differs');
    expect(support.Opened?.reasons).toContain('read_again_same');
  });

  test('stays when the document is asked again and nothing comes of it', async () => {
    const { evidence, path } = await upload({
      fault: ({ pages }) => (pages.some(({ number }) => number === 1) ? 'refusal' : undefined),
    });
    const { body } = await evidence();
    expect(body).toMatchObject({ evidence: [{ fields: { Holder: [{ part: 'Grace Hopper' }] } }] });
    await fetch(`${path}/retry`, { method: 'POST' });
    await streamed(`${path}/events`);
    expect((await evidence()).body).toMatchObject({ evidence: (body as { evidence: unknown }).evidence });
  });
});

describe('the words of pages', () => {
  test('are kept with the document', async () => {
    const { keptPages } = await upload();
    expect(await keptPages()).toHaveLength(2);
  });

  test('are forgotten once it is read, where nobody wants them', async () => {
    const { evidence, keptPages } = await upload({}, { QUIRE_KEEP_PAGE_WORDS: false });
    expect(await keptPages()).toEqual([]);
    expect((await evidence()).body).toMatchObject({
      evidence: [{ fields: { Holder: [{ places: [{ page: 2 }] }] } }],
    });
  });
});
