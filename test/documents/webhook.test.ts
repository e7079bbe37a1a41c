import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Webhook as Signature } from 'standardwebhooks';
import { pauseAfter, Webhook, type DeliveryOutcome } from '../../src/documents/webhook.js';
import { createQuire, SettingsError, Store, type EndedDocument, type Logger } from '../../src/index.js';
import { streamed } from '../event-stream.js';
import { ManualClock } from '../manual-clock.js';
import { makePdf } from '../pdf-fixtures.js';
import type { Behaviour } from '../provider.js';
import { newDatabase, runSql } from '../shared.js';
import { SILENT } from '../silent.js';
import { until as comesTo } from '../until.js';
import { mount, upTo, type Mounted } from '../watched-documents.js';

/** What an app is told of documents that are done or have failed. */

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const until = (isSo: () => Promise<boolean> | boolean) => comesTo('the app is told', isSo);
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Received {
  id: string;
  /** What the package that signs says of it. */
  event: { type: string; timestamp: string; data: Record<string, unknown> };
  body: string;
}

/** An address of the app that answers as the test says. */
interface Receiver {
  url: string;
  received: Received[];
  /** 200 without it. */
  answer: (response: ServerResponse, received: Received) => void;
}

async function receiver(): Promise<Receiver> {
  const all: Receiver = { url: '', received: [], answer: (response) => response.end() };
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    const headers = request.headers as Record<string, string>;
    const event = new Signature(SECRET).verify(body, headers) as Received['event'];
    const received = { id: String(headers['webhook-id']), event, body };
    all.received.push(received);
    all.answer(response, received);
  };
  const server: Server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  all.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return all;
}

const PDF = makePdf([
  { texts: [{ text: 'ACCOUNT NUMBER: 12345678 Holder: Ada Lovelace', x: 20, y: 20, size: 12 }] },
]);
const read: Behaviour['read'] = () => [{ name: 'Holder', value: 'Ada Lovelace', confidence: 90 }];

async function mounted(
  url: string | undefined,
  behaviour: Partial<Behaviour> = {},
  more: { database?: string; onDocument?: (document: EndedDocument) => unknown; logger?: Logger } = {},
): Promise<Mounted> {
  const settings = url === undefined ? {} : { WEBHOOK_URL: url, WEBHOOK_SECRET: SECRET };
  const started = await mount(
    { read, ...behaviour },
    { ...more, settings: { ...settings, LLM_PAGE_ATTEMPTS: 1 } },
  );
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    await started.close();
  };
  closing.push(close);
  return { ...started, close };
}

/** Uploads it, and waits until it has ended. */
async function readTo(end: string, { base, upload }: Mounted): Promise<string> {
  const id = await upload(await PDF);
  const { events } = await streamed(`${base}/api/document/${id}/events`);
  expect(events.at(-1)?.type).toBe(end);
  return id;
}

/** As if that much time had passed. */
const moveOn = (database: string) =>
  runSql(database, `UPDATE quire.deliveries SET next_at = now() - interval '1 s'`);
const kept = (database: string) =>
  runSql<{ id: string; attempts: number }>(database, 'SELECT id, attempts FROM quire.deliveries ORDER BY id');

describe('the webhook', () => {
  test('is told of a document that is done, signed, with nothing of its contents', async () => {
    const app = await receiver();
    const database = await newDatabase();
    const id = await readTo('completed', await mounted(app.url, {}, { database }));
    await until(() => app.received.length === 1);
    expect(app.received[0]?.event).toEqual({
      type: 'document.completed',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      data: {
        id,
        user_id: 'anna',
        status: 'completed',
        total_pages: 1,
        failed_pages: 0,
        needs_human_review: false,
        plan: 'batch 2x3',
        error: null,
      },
    });
    await until(async () => (await kept(database)).length === 0);
  });

  test('is told of one that failed, and again, under another id, when it was read again', async () => {
    const app = await receiver();
    let isAway = true;
    const host = await mounted(app.url, { fault: () => (isAway ? 'refusal' : undefined) });
    const id = await readTo('failed', host);
    await until(() => app.received.length === 1);
    expect(app.received[0]?.event).toMatchObject({
      type: 'document.failed',
      data: { id, status: 'failed', failed_pages: 1, needs_human_review: null, error: expect.any(String) },
    });
    isAway = false;
    await fetch(`${host.base}/api/document/${id}/retry`, { method: 'POST' });
    await until(() => app.received.length === 2);
    const [failed, done] = app.received;
    expect(done?.event).toMatchObject({ type: 'document.completed', data: { id } });
    expect(done?.id).not.toBe(failed?.id);
  });

  test('is told of one that was cancelled, once', async () => {
    const app = await receiver();
    const host = await mounted(app.url, { delay: () => new Promise(() => undefined) });
    const id = await host.upload(await PDF);
    await host.provider.called(1);
    const cancel = () => fetch(`${host.base}/ops/documents/${id}/cancel`, { method: 'POST' });
    expect((await cancel()).status).toBe(200);
    expect((await cancel()).status).toBe(409);
    await until(() => app.received.length > 0);
    await host.close();
    expect(app.received.map(({ event }) => event)).toMatchObject([
      { type: 'document.failed', data: { id, user_id: 'anna', error: 'Cancelled' } },
    ]);
  });

  test('that does not take it is told again, the same under the same id, and is sent nowhere else', async () => {
    const app = await receiver();
    const elsewhere = await receiver();
    const database = await newDatabase();
    const answers = [
      (response: ServerResponse) => response.writeHead(500).end('no'),
      (response: ServerResponse) => response.writeHead(307, { location: elsewhere.url }).end(),
      (response: ServerResponse) => response.destroy(),
      (response: ServerResponse) => response.writeHead(204).end(),
    ];
    app.answer = (response) => answers[app.received.length - 1]?.(response);
    await readTo('completed', await mounted(app.url, {}, { database }));
    for (const tries of upTo(4)) {
      await until(() => app.received.length === tries);
      await until(async () => {
        const [delivery] = await runSql<{ waits: boolean }>(
          database,
          `SELECT attempts = ${tries} AS waits FROM quire.deliveries`,
        );
        return delivery === undefined || delivery.waits;
      });
      await moveOn(database);
    }
    await until(async () => (await kept(database)).length === 0);
    expect(app.received).toHaveLength(4);
    expect(new Set(app.received.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
    expect(elsewhere.received).toEqual([]);
  });

  test('is told after a restart what was left', async () => {
    const app = await receiver();
    app.answer = (response) => response.writeHead(503).end();
    const database = await newDatabase();
    const first = await mounted(app.url, {}, { database });
    const id = await readTo('completed', first);
    await until(() => app.received.length === 1);
    await first.close();
    app.answer = (response) => response.end();
    await moveOn(database);
    await mounted(app.url, {}, { database });
    await until(async () => (await kept(database)).length === 0);
    expect(app.received.map(({ event }) => event.data.id)).toEqual([id, id]);
    expect(app.received[1]?.id).toBe(app.received[0]?.id);
  });

  test('is not told of a document that is gone', async () => {
    const app = await receiver();
    app.answer = (response) => response.writeHead(503).end();
    const database = await newDatabase();
    const host = await mounted(app.url, {}, { database });
    const id = await readTo('completed', host);
    await until(() => app.received.length === 1);
    await fetch(`${host.base}/api/document/${id}/delete`, { method: 'POST' });
    expect(await kept(database)).toEqual([]);
  });

  test('that is not set leaves nothing behind', async () => {
    const database = await newDatabase();
    await readTo('completed', await mounted(undefined, {}, { database }));
    expect(await kept(database)).toEqual([]);
  });
});

describe('deliveries', () => {
  /** So many that are due, of one document. */
  async function due(count: number): Promise<{ database: string; open: () => Promise<Store> }> {
    const database = await newDatabase();
    const open = async () => {
      const store = await Store.open({ url: database, dataDir: '' });
      closing.push(() => store.close());
      return store;
    };
    await open();
    await runSql(
      database,
      `WITH added AS (
         INSERT INTO quire.documents (id, document, status, owner, sender)
         VALUES (gen_random_uuid(), '{}', 'completed', 'o', '{}') RETURNING id
       ) INSERT INTO quire.deliveries (id, document_id, event)
       SELECT gen_random_uuid(), id, '{"type": "document.completed"}' FROM added, generate_series(1, ${count})`,
    );
    return { database, open };
  }

  /** A process that delivers. */
  function deliver(
    store: Store,
    url: string,
    clock?: ManualClock,
    logger = SILENT,
    end = new AbortController(),
  ) {
    const outcomes: DeliveryOutcome[] = [];
    const webhook = new Webhook(
      { url, secret: SECRET },
      {
        deliveries: store.deliveries,
        closing: end.signal,
        onOutcome: (outcome) => void outcomes.push(outcome),
        onTrouble: () => undefined,
        logger,
        ...(clock && { clock }),
      },
    );
    closing.push(() => {
      end.abort();
      return webhook.ended();
    });
    return { webhook, outcomes };
  }

  test('of two processes are made once each', async () => {
    const app = await receiver();
    const { database, open } = await due(40);
    const one = deliver(await open(), app.url);
    const two = deliver(await open(), app.url);
    one.webhook.wake();
    two.webhook.wake();
    await until(async () => (await kept(database)).length === 0);
    expect(app.received).toHaveLength(40);
    expect(new Set(app.received.map(({ id }) => id)).size).toBe(40);
  });

  test('that are broken off by an end have not been tried', async () => {
    const app = await receiver();
    app.answer = () => undefined;
    const { database, open } = await due(1);
    const end = new AbortController();
    const { webhook } = deliver(await open(), app.url, undefined, SILENT, end);
    await until(() => app.received.length === 1);
    end.abort();
    await webhook.ended();
    expect(await kept(database)).toMatchObject([{ attempts: 0 }]);
  });

  test('that hang are broken off, and others go on', async () => {
    const app = await receiver();
    const { database, open } = await due(2);
    const clock = new ManualClock();
    app.answer = (response) => {
      if (app.received.length > 1) response.end();
    };
    const { webhook, outcomes } = deliver(await open(), app.url, clock);
    await until(() => outcomes.includes('delivered'));
    expect(await kept(database)).toHaveLength(1);
    clock.moveOn(9_999);
    expect(outcomes).toEqual(['delivered']);
    clock.moveOn(1);
    await until(() => outcomes.length === 2);
    expect(outcomes).toEqual(['delivered', 'failed']);
    await moveOn(database);
    webhook.wake();
    await until(async () => (await kept(database)).length === 0);
    const [hung, , again] = app.received;
    expect(again?.id).toBe(hung?.id);
  });

  test('are given up after a day, and the log says so', async () => {
    const app = await receiver();
    app.answer = (response) => response.writeHead(500).end();
    const { database, open } = await due(1);
    const logged: string[] = [];
    const log = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
    const { webhook, outcomes } = deliver(await open(), app.url, undefined, {
      info: log,
      warn: log,
      error: log,
    });
    await until(async () => {
      await moveOn(database);
      webhook.wake();
      return outcomes.includes('given_up');
    });
    expect(new Set(outcomes.slice(0, -1))).toEqual(new Set(['failed']));
    expect(app.received).toHaveLength(9);
    expect(logged).toEqual([
      expect.stringContaining('the webhook does not take what it is told; it is tried again'),
      expect.stringMatching(/^the webhook was not told of a document .*"attempts":9,"status":500/),
    ]);
    await until(async () => (await kept(database)).length === 0);
  });

  test('wait longer after each try, a day in all', () => {
    const pauses = upTo(9).map((attempts) => pauseAfter(attempts, 0.5));
    expect(pauses.at(-1)).toBeUndefined();
    const waits = pauses.slice(0, -1).map(Number);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    const hours = waits.reduce((sum, ms) => sum + ms) / 3_600_000;
    expect(Math.round(hours)).toBe(22);
    expect(pauseAfter(1, 0)).toBe(4_000);
    expect(pauseAfter(1, 1)).toBe(6_000);
  });
});

describe('onDocument', () => {
  test('is called for uploads that have ended, once they are kept, and not for what callers have read', async () => {
    const told: EndedDocument[] = [];
    const states: unknown[] = [];
    const database = await newDatabase();
    const host = await mounted(
      undefined,
      {},
      {
        database,
        onDocument: async (document) => {
          const [row] = await runSql(
            database,
            `SELECT status FROM quire.documents WHERE id = '${document.id}'`,
          );
          states.push(row?.status);
          told.push(document);
        },
      },
    );
    const id = await readTo('completed', host);
    await until(() => told.length === 1);
    expect(told).toEqual([
      {
        id,
        userId: 'anna',
        status: 'completed',
        totalPages: 1,
        failedPages: 0,
        needsHumanReview: false,
        plan: 'batch 2x3',
        error: null,
      },
    ]);
    expect(states).toEqual(['completed']);
    const quire = await createQuire({
      openai: host.provider.client(),
      model: 'test-model',
      logger: SILENT,
      onDocument: (document) => told.push(document),
    });
    closing.push(() => quire.close());
    await quire.processPdf(await PDF);
    expect(told).toHaveLength(1);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret'))],
  ])('that %s changes nothing, and the log says so', async (_how, onDocument) => {
    const logged: string[] = [];
    const log = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
    const host = await mounted(undefined, {}, { onDocument, logger: { info: log, warn: log, error: log } });
    await readTo('completed', host);
    await until(() => logged.some((line) => line.startsWith('onDocument failed')));
    expect(logged.join()).not.toContain('secret');
  });
});

test.each([
  [{ WEBHOOK_URL: 'https://app.example/hook' }],
  [{ WEBHOOK_SECRET: SECRET }],
  [{ WEBHOOK_URL: 'https://app.example/hook', WEBHOOK_SECRET: 'whsec_c2hvcnQ=' }],
  [{ WEBHOOK_URL: 'https://app.example/hook', WEBHOOK_SECRET: 'no base64' }],
  [{ WEBHOOK_URL: 'https://user:password@app.example/hook', WEBHOOK_SECRET: SECRET }],
  [{ WEBHOOK_URL: 'ftp://app.example/hook', WEBHOOK_SECRET: SECRET }],
])('settings that tell nobody are refused: %j', async (settings) => {
  await expect(createQuire({ settings, logger: SILENT })).rejects.toThrow(SettingsError);
});
