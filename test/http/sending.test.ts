import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { JsonText, outlineOf } from '../../src/store/json-text.js';
import type { StoredDocument } from '../../src/index.js';
import { unread } from '../stored-document.js';
import { routesHost, until, type RoutesHost } from './routes-host.js';

/** Large answers come in parts, and who goes away in the middle of one leaves no trace. */

let host: RoutesHost;
afterEach(() => host.close());

/** Of several megabytes, with all that JSON can hold. */
function large(): StoredDocument {
  const result = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, index) => [
      `Field "${index}" \\ "result": {`,
      { value: `😀 ${index} "}{][\\" \ud800 \u0000 ü ${'v'.repeat(80)}`, confidence: 90, result: {} },
    ]),
  );
  const account = { accountNumber: '1', result, pages: [1, 2], accuracy_score: 1 };
  const record = {
    accounts: [account, { ...account, accountNumber: '2 "result":{', result: {} }],
    page_mapping: { 2: '1', 1: '2' },
    failed_pages: [],
  };
  return { ...unread(), status: 'completed', documents: [record] } as unknown as StoredDocument;
}

async function serve(document: StoredDocument): Promise<void> {
  const text = JSON.stringify(document);
  const store = {
    text: () => Promise.resolve(new JsonText(text)),
    outline: () => outlineOf(text),
    beside: () =>
      Promise.resolve({ evidence: new JsonText(text), notes: new JsonText('[]'), isBeingRead: false }),
  };
  host = await routesHost({ store });
}

const get = async (path: string) => (await fetch(host.base + path)).text();

describe.each([
  ['large', large],
  ['small', unread],
])('a %s document', (_name, make) => {
  test('is answered as JSON.stringify writes it', async () => {
    const document = make();
    const { documents } = document;
    await serve(document);
    expect(await get('/api/document/a')).toBe(
      JSON.stringify({ success: true, document, access: { own: true, correct: true } }),
    );
    expect(await get('/api/document/a/evidence')).toBe(
      JSON.stringify({ success: true, is_complete: true, evidence: document, notes: [] }),
    );
    const status = await get('/status/a');
    expect(status).toBe(JSON.stringify(JSON.parse(status)));
    if (document.status === 'completed') {
      expect(JSON.parse(status)).toMatchObject({ accounts: ['2', '1'], is_complete: true });
      expect(status.endsWith(`"result":${JSON.stringify({ documents })}}`)).toBe(true);
      const fields = documents[0]?.accounts[0]?.result;
      const data = await get('/api/document/a/account/0/complete-data');
      expect(data).toContain(`"account_index":0,"fields":${JSON.stringify(fields)},"accuracy_score":1,`);
    }
  });
});

test('an outline is what JSON.parse reads, with the results beside it', async () => {
  const document = large();
  const outline = await outlineOf<StoredDocument>(JSON.stringify(document));
  const whole = JSON.parse(JSON.stringify(outline), (name, value: unknown) =>
    name === 'result' ? (JSON.parse((value as JsonText).text) as unknown) : value,
  ) as unknown;
  expect(whole).toEqual(document);
});

test('others have their turn while a large answer is made', async () => {
  await serve(large());
  let turns = 0;
  const over = new AbortController();
  const others = (async () => {
    for (; !over.signal.aborted; turns++) await turn();
  })();
  const outlined = outlineOf(JSON.stringify(large()));
  const before = turns;
  await outlined;
  expect(turns - before).toBeGreaterThanOrEqual(3);
  const sent = turns;
  await get('/api/document/a');
  expect(turns - sent).toBeGreaterThanOrEqual(30);
  over.abort();
  await others;
});

describe('an answer that is broken off by its client', () => {
  /** Asks, and hangs up as soon as the answer has begun. */
  async function breakOff(path: string, accept = '*/*'): Promise<void> {
    const socket = connect(host.port, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
  }

  const untold = () => expect([host.errors, host.logged]).toEqual([[], []]);

  test('leaves no trace: a PDF', async () => {
    const ends: string[] = [];
    // Without an end, so that the client goes first, whatever lies between.
    async function* pdf() {
      try {
        for (;;) {
          await turn();
          yield new Uint8Array(1024 * 1024);
        }
      } finally {
        ends.push('ended');
      }
    }
    const store = { outline: () => Promise.resolve(unread()), pdf };
    host = await routesHost({ store });
    for (let round = 0; round < 3; round++) await breakOff('/api/document/a/pdf');
    await until(() => ends.length === 3);
    await turn();
    untold();
  });

  test('leaves no trace: a record', async () => {
    await serve(large());
    for (let round = 0; round < 3; round++) await breakOff('/api/document/a');
    await get('/api/document/a');
    untold();
  });

  test('leaves no trace: events', async () => {
    let watching = 0;
    const feed = {
      isOver: false,
      last: 0,
      async *watch(_seen: number, gone: AbortSignal) {
        watching++;
        yield { type: 'page_done', number: 1, page: 1, at: '' };
        await once(gone, 'abort');
        watching--;
        gone.throwIfAborted();
      },
    };
    host = await routesHost({ documents: { events: () => Promise.resolve(feed) } });
    await breakOff('/api/document/a/events', 'text/event-stream');
    await until(() => watching === 0);
    await turn();
    untold();
  });

  test('is cut off and told where the fault is the store’s', async () => {
    async function* pdf() {
      yield new Uint8Array(10);
      await turn();
      throw new Error('gone');
    }
    host = await routesHost({ store: { outline: () => Promise.resolve(unread()), pdf } });
    await expect(get('/api/document/a/pdf')).rejects.toThrow();
    expect([host.errors, host.logged]).toEqual([[], ['an answer was broken off']]);
  });
});

test.each(['/api/document/a/events', '/api/document/a/pdf'])(
  'who asks for the head of %s alone is sent nothing, and nothing is made for them',
  async (path) => {
    let made = 0;
    async function* endless(): AsyncGenerator<string> {
      made++;
      yield 'a';
      await new Promise(() => undefined);
    }
    const feed = { isOver: false, last: 0, watch: endless };
    host = await routesHost({
      documents: { events: () => Promise.resolve(feed) },
      store: { outline: () => Promise.resolve(unread()), pdf: endless },
    });
    const headers = { accept: 'text/event-stream' };
    expect((await fetch(host.base + path, { method: 'HEAD', headers })).status).toBe(200);
    // A later answer on the same connection would wait for the end of this one.
    await host.close();
    expect(made).toBe(0);
  },
);

test('the name a document is given keeps no folders and no hidden characters', async () => {
  host = await routesHost();
  for (const name of ['..\\..\\a\u202eb\u0000\u200bc/Loan\u2066 7 ', 'x'.repeat(300), '\u202e/', ' . ']) {
    const body = new FormData();
    body.set('document_name', name);
    body.set('file', new Blob(['%PDF-1.7']), 'package.pdf');
    await fetch(`${host.base}/process`, { method: 'POST', body });
  }
  expect(host.names).toEqual(['Loan 7', 'x'.repeat(200), 'package', '.']);
});
