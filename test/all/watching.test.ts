import { afterEach, describe, expect, test } from '@jest/globals';
import { streamed, type SentEvent } from '../event-stream.js';
import { goldenPdf, PRINTABLE } from '../golden-pdf.js';
import { Host } from '../host.js';
import { Provider, type Behaviour } from '../provider.js';
import { newDatabase } from '../shared.js';
import {
  mount as mountQuire,
  numbers,
  readNumber,
  statementsFor,
  twentyPages,
  upTo,
  type Mounted,
} from '../watched-documents.js';

/** What becomes of a document, as its events tell it to whoever watches. */

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function mount(behaviour: Partial<Behaviour> = {}): Promise<Mounted> {
  const mounted = await mountQuire(behaviour);
  closing.push(() => mounted.close());
  return mounted;
}

async function golden(index = 0): Promise<{ pdf: Uint8Array; pages: number }> {
  const document = PRINTABLE[index];
  if (!document) throw new Error('Too few golden documents');
  return { pdf: await goldenPdf(document, 'events'), pages: Object.keys(document.pages).length };
}

interface Page {
  events: SentEvent[];
  next: number;
  is_complete: boolean;
}

const get = async (url: string, headers: Record<string, string> = {}) =>
  (await (await fetch(url, { headers })).json()) as Page;

describe('the events of a document', () => {
  test('tell all that becomes of it, in order', async () => {
    const { upload, of } = await mount();
    const { pdf, pages } = await golden();
    const id = await upload(pdf);
    const { events, hasEnded } = await streamed(of(id));
    expect(hasEnded).toBe(true);
    expect(numbers(events)).toEqual(upTo(events.length));
    const only = (type: string) => events.filter((event) => event.type === type);
    expect(events[0]).toMatchObject({
      type: 'accepted',
      plan: { path: 'batch', batchSize: 2, maxWorkers: 3 },
      reason: 'fixed',
    });
    expect(only('stage_begun').map(({ stage }) => stage)).toEqual([
      'ocr_extraction',
      'account_splitting',
      'page_analysis',
      'llm_extraction',
    ]);
    expect(only('page_read').map(({ page, by }) => ({ page, by }))).toEqual(
      upTo(pages).map((page) => ({ page, by: 'text' })),
    );
    const asked = only('stage_begun').at(-1)?.asked_pages;
    expect(only('page_done')).toHaveLength(Number(asked));
    expect(only('call_started').map(({ unit }) => unit)).toEqual(
      only('call_ended')
        .map(({ unit }) => unit)
        .sort(),
    );
    for (const call of only('call_ended')) {
      expect(call).toMatchObject({
        unit: expect.stringContaining(`${id}/`),
        outcome: 'answered',
        purpose: 'first',
      });
    }
    expect(events.at(-1)).toMatchObject({ type: 'completed', total_pages: pages, failed_pages: 0 });
  });

  test('tell of waits, salvage and pages that are given up', async () => {
    const { upload, of } = await mount({
      read: readNumber,
      fault: ({ pages }, index) => {
        if (index === 0) return { status: 429, headers: { 'retry-after-ms': '1500' } };
        return pages.some(({ number }) => number === 1) ? 'refusal' : undefined;
      },
    });
    const id = await upload(await twentyPages());
    const { events } = await streamed(of(id));
    const types = events.map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['waiting', 'salvage_started']));
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'page_failed', page: 1, reason: 'refused' }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'waiting', why: 'asked_to_wait', until: expect.any(String) }),
    );
    expect(events.at(-1)).toMatchObject({ type: 'completed', failed_by_reason: { refused: 1 } });
  });

  test('come in pages, too, where they cannot be streamed', async () => {
    const { upload, of } = await mount();
    const id = await upload((await golden()).pdf);
    const { events } = await streamed(of(id));
    const first = await get(`${of(id)}?limit=3`);
    expect(first).toMatchObject({ events: events.slice(0, 3), next: 3, is_complete: false });
    const rest = await get(`${of(id)}?after=3`);
    expect(rest).toMatchObject({ events: events.slice(3), next: events.length, is_complete: true });
    expect(await get(`${of(id)}?after=${rest.next}`)).toMatchObject({ events: [], next: rest.next });
    expect((await fetch(`${of(id)}?after=soon`)).status).toBe(400);
  });

  test('are there for nobody else, and gone with the document', async () => {
    const { upload, of, base } = await mount();
    const id = await upload((await golden()).pdf);
    expect((await streamed(of(id), { headers: { 'x-user': 'berta' } })).status).toBe(404);
    await streamed(of(id));
    await fetch(`${base}/api/document/${id}/delete`, { method: 'POST' });
    expect((await streamed(of(id))).status).toBe(404);
    expect((await streamed(of('0b5e6a6e-8a3c-4bd5-9d2c-0a0a0a0a0a0a'))).status).toBe(404);
  });

  test('end with its deletion, for those who watch it', async () => {
    const { upload, of, base } = await mount({ fault: () => 'silence' });
    const id = await upload((await golden()).pdf);
    const watching = streamed(of(id));
    await streamed(of(id), { most: 8 });
    await fetch(`${base}/api/document/${id}/delete`, { method: 'POST' });
    const { events } = await watching;
    expect(events.at(-1)?.type).toBe('cancelled');
    expect(numbers(events)).toEqual(upTo(events.length));
  });

  test('go on when it is asked again, and a client that has seen all is told not to come back', async () => {
    let isRefused = true;
    const { upload, of, base } = await mount({ fault: () => (isRefused ? 'refusal' : undefined) });
    const id = await upload((await golden()).pdf);
    const { events: before } = await streamed(of(id));
    expect(before.at(-1)).toMatchObject({ type: 'failed', error: null });
    expect((await streamed(of(id), { after: before.length })).status).toBe(204);
    isRefused = false;
    await fetch(`${base}/api/document/${id}/retry`, { method: 'POST' });
    const { events } = await streamed(of(id), { after: before.length });
    expect(numbers([...before, ...events])).toEqual(upTo(before.length + events.length));
    expect(events[0]).toMatchObject({ type: 'accepted', reason: 'resumed' });
    expect(events.at(-1)?.type).toBe('completed');
  });
});

describe('those who watch', () => {
  test('are cut off and come back, and miss nothing; the store is not asked for each of them', async () => {
    // Now and then for a document that has ended, and not for each of 240 times that somebody comes.
    expect(await statementsFor(4, 10)).toBeLessThanOrEqual(20);
  });

  test('see no number twice and none left out when the process is killed', async () => {
    const provider = await Provider.start({ read: readNumber, delay: () => 40 });
    closing.push(() => provider.close());
    const host = new Host({
      QUIRE_DATABASE_URL: await newDatabase(),
      OPENAI_API_KEY: 'test',
      OPENAI_MODEL: 'test-model',
      OPENAI_BASE_URL: provider.baseURL,
      QUIRE_PLAN: 'batch 2x1',
      LOG_LEVEL: 'error',
    });
    closing.push(() => host.stop());
    await host.start();
    const { id = '' } = await host.upload(await twentyPages());
    const seen: SentEvent[] = [];
    for (let kills = 0; kills < 3; kills++) {
      const path = `${host.base}/api/document/${id}/events`;
      const headers = { cookie: host.cookie };
      const { events } = await streamed(path, { headers, after: seen.at(-1)?.number, most: 12 });
      seen.push(...events);
      await host.kill();
      await host.start();
    }
    const rest = await streamed(`${host.base}/api/document/${id}/events`, {
      headers: { cookie: host.cookie },
      after: seen.at(-1)?.number,
    });
    const all = [...seen, ...rest.events];
    expect(numbers(all)).toEqual(upTo(all.length));
    expect(all.filter(({ reason }) => reason === 'resumed').length).toBeGreaterThan(0);
    expect(all.at(-1)?.type).toBe('completed');
    const kept = (await (await host.fetch(`/api/document/${id}/events`)).json()) as Page;
    expect(kept.events).toEqual(all);
  });
});
