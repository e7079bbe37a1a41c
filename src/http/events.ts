import type { Request, Response } from 'express';
import { z } from 'zod';
import type { EventFeed } from '../documents/event-feed.js';
import type { KeptEvent } from '../documents/events.js';
import { sendParts } from './sending.js';

const MOST_EVENTS = 1_000;
/** Proxies close connections on which nothing comes for a minute, or less. */
const SIGN_OF_LIFE_MS = 15_000;

const place = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number);
const eventsQuery = z.object({
  after: place.optional(),
  limit: place.pipe(z.int().min(1).max(MOST_EVENTS)).default(MOST_EVENTS),
});

/**
 * Sends the events of a document: as they come, to a client that takes `text/event-stream`, and else those
 * there are, as a page.
 */
export async function sendEvents(feed: EventFeed, request: Request, response: Response): Promise<void> {
  const query = eventsQuery.safeParse(request.query);
  if (!query.success) {
    const message = `after must be the number of an event, limit a whole number from 1 to ${MOST_EVENTS}`;
    response.status(400).json({ success: false, message });
    return;
  }
  const { after = 0, limit } = query.data;
  if (!(request.get('accept') ?? '').includes('text/event-stream')) {
    const events = feed.after(after, limit);
    const next = events.at(-1)?.number ?? after;
    response.json({ success: true, events, next, is_complete: feed.isOver && next >= feed.last });
    return;
  }
  // A client that was cut off says what it has seen.
  const seen = place.safeParse(request.get('last-event-id')).data ?? after;
  if (feed.isOver && seen >= feed.last) {
    // Tells the client that there is nothing to come back for.
    response.status(204).end();
    return;
  }
  await stream(feed, seen, response);
}

async function stream(feed: EventFeed, seen: number, response: Response): Promise<void> {
  // A proxy that gathers answers would hold the events back.
  response.set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
  response.flushHeaders();
  const signs = setInterval(() => response.write(':\n\n'), SIGN_OF_LIFE_MS);
  try {
    await sendParts(response, (gone) => messages(feed, seen, gone));
  } finally {
    clearInterval(signs);
  }
}

async function* messages(feed: EventFeed, seen: number, gone: AbortSignal): AsyncGenerator<string, void> {
  for await (const event of feed.watch(seen, gone)) yield message(event);
}

function message({ number, ...event }: KeptEvent): string {
  return `id: ${number}\nevent: ${event.type}\ndata: ${JSON.stringify({ number, ...event })}\n\n`;
}
