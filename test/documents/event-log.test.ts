import { describe, expect, test } from '@jest/globals';
import { EventFeeds } from '../../src/documents/event-feeds.js';
import { EventLog, firstEvents } from '../../src/documents/event-log.js';
import { EventFeed } from '../../src/documents/event-feed.js';
import { noOutcome, type DocumentEvent } from '../../src/documents/events.js';
import { StoreError } from '../../src/store/database.js';
import type { EventsOfDocument, StoredEvent } from '../../src/store/events.js';
import type { Store } from '../../src/store/store.js';
import { ManualClock } from '../manual-clock.js';

/** Events on their way to the store, when that is away, slow, or another's. */

const PLAN = { path: 'single-page' } as const;
const ACCEPTED: DocumentEvent = { type: 'accepted', plan: PLAN, reason: 'fixed' };
const COMPLETED: DocumentEvent = { type: 'completed', ...noOutcome(PLAN) };
const never = new AbortController().signal;
const settle = async () => {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
};

function start(keepEvents: (events: readonly StoredEvent[]) => Promise<boolean>) {
  const store = { keepEvents: (_claim: unknown, events: StoredEvent[]) => keepEvents(events) };
  const clock = new ManualClock();
  const feed = new EventFeed('anna', never);
  feed.push(firstEvents(ACCEPTED));
  const log = new EventLog(store as unknown as Store, { id: 'id', run: 'run' }, feed, clock);
  const page = (number: number) => log.append({ type: 'page_done', page: number, answer_form: 'lines' });
  const shown = () => feed.after(0).map(({ number, type }) => `${number} ${type}`);
  return { clock, feed, log, page, shown };
}

describe('events', () => {
  test('are written in groups, and shown once they are kept', async () => {
    const groups: number[][] = [];
    const { clock, page, shown } = start((events) => {
      groups.push(events.map(({ number }) => number));
      return Promise.resolve(true);
    });
    page(1);
    page(2);
    await settle();
    expect(shown()).toEqual(['1 accepted']);
    clock.moveOn(250);
    await settle();
    page(3);
    clock.moveOn(250);
    await settle();
    expect(groups).toEqual([[2, 3], [4]]);
    expect(shown()).toEqual(['1 accepted', '2 page_done', '3 page_done', '4 page_done']);
  });

  test('that a store is away for are handed over with the last one, in order and whole', async () => {
    const { clock, log, page, shown } = start(() => Promise.reject(new StoreError('unreachable')));
    page(1);
    await settle();
    clock.moveOn(250);
    await settle();
    page(2);
    const events = await log.takeLast(COMPLETED, never);
    expect(events.map(({ number, type }) => `${number} ${type}`)).toEqual([
      '2 page_done',
      '3 page_done',
      '4 completed',
    ]);
    expect(shown()).toEqual(['1 accepted']);
  });

  test('hold up nobody who gives the document up, while a statement never ends', async () => {
    const { clock, log, page } = start(() => new Promise(() => undefined));
    page(1);
    await settle();
    clock.moveOn(250);
    await settle();
    const stop = new AbortController();
    const last = log.takeLast(COMPLETED, stop.signal);
    stop.abort(new Error('closing'));
    await expect(last).rejects.toThrow('closing');
  });

  test('of a document that another process has are shown to nobody', async () => {
    const { clock, page, shown } = start(() => Promise.resolve(false));
    page(1);
    await settle();
    clock.moveOn(250);
    await settle();
    expect(shown()).toEqual(['1 accepted']);
  });
});

describe('a feed', () => {
  test('that this process begins to write while it is being opened stays the one that is written', async () => {
    let answer: (found: EventsOfDocument) => void = () => undefined;
    let asked = 0;
    const events = firstEvents(ACCEPTED);
    const found = { owner: 'anna', isBeingRead: true, events };
    const store = {
      events: () =>
        ++asked === 1
          ? new Promise<EventsOfDocument>((resolve) => (answer = resolve))
          : Promise.resolve(found),
    };
    const feeds = new EventFeeds(store as unknown as Store, AbortSignal.abort());
    const opening = feeds.of('id', 'anna');
    const written = await feeds.goOn('id');
    answer(found);
    expect(await opening).toBe(written);
  });

  test('starts its progress anew when the document is asked again', () => {
    const feed = new EventFeed('anna', never);
    feed.push(firstEvents(ACCEPTED, { type: 'pages_counted', total_pages: 3 }, COMPLETED, ACCEPTED));
    expect(feed.progress).toMatchObject({ stage: 'ocr_extraction', percent: 40, totalPages: 0 });
  });

  test('ends for those who watch when Quire is closed', async () => {
    const closing = new AbortController();
    const feed = new EventFeed('anna', closing.signal);
    feed.push(firstEvents(ACCEPTED));
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type } of feed.watch(0, never)) seen.push(type);
    })();
    await settle();
    closing.abort();
    await watching;
    expect(seen).toEqual(['accepted']);
  });
});
