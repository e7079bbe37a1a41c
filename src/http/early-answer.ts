import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'express';

/** How long a client that is sending has to see its answer before the connection is closed. */
const SEEN_WITHIN_MS = 2_000;
/** A client that reads only when it has sent all sees its answer, too, if no more than this is left. */
const MOST_READ_BYTES = 1024 * 1024;

/** Whether nothing of the request's body is still to come. */
export function hasArrived({ complete, headers }: IncomingMessage): boolean {
  const isSent = 'transfer-encoding' in headers || Number(headers['content-length'] ?? 0) > 0;
  return complete || !isSent;
}

/** Answers a request whose body is still coming, which is not read, and closes the connection. */
export async function answerEarly(response: Response, body: object): Promise<void> {
  const text = Buffer.from(JSON.stringify(body));
  response.type('json').set({ Connection: 'close', 'Content-Length': String(text.length) });
  // Whole, but not ended: that would reset the connection under a client that sends and has read nothing yet.
  response.write(text);
  await isSeen(response.req);
  response.end();
}

async function isSeen(request: IncomingMessage): Promise<void> {
  if (request.closed) return;
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_READ_BYTES) request.pause();
  });
  request.resume();
  const over = new AbortController();
  const { signal } = over;
  await Promise.race([
    once(request, 'end', { signal }),
    once(request, 'close', { signal }),
    sleep(SEEN_WITHIN_MS, undefined, { signal, ref: false }),
  ]).catch(() => undefined);
  over.abort();
}
