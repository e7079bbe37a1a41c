import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import type { Response } from 'express';
import { JsonText } from '../store/json-text.js';

type Parts = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/**
 * Sends an answer part by part, as fast as it is taken.
 *
 * @param parts told when nobody takes them any more
 * @throws the signal's reason when the client goes away in the middle, what `answerError` passes over
 */
export async function sendParts(response: Response, parts: (gone: AbortSignal) => Parts): Promise<void> {
  if (response.req.method === 'HEAD') {
    // Nobody takes any: of a document that is being read, they would go on coming.
    response.end();
    return;
  }
  const gone = new AbortController();
  const { signal } = gone;
  response.once('close', () => gone.abort());
  if (response.closed) gone.abort();
  for await (const part of parts(signal)) {
    signal.throwIfAborted();
    // Whoever takes them slowly has no more than one of them waiting here.
    if (!response.write(part)) await once(response, 'drain', { signal });
  }
  response.end();
}

const PART_CHARACTERS = 64 * 1024;

/** Sends an object as JSON: a large one in parts, between which others have their turn. */
export async function sendJson(response: Response, body: object): Promise<void> {
  const parts = [...jsonParts(body)];
  response.type('json');
  if (parts.length > 1) await sendParts(response, () => turnByTurn(parts));
  else response.send(parts[0]);
}

async function* turnByTurn(parts: readonly string[]): AsyncGenerator<string, void> {
  for (const part of parts) {
    yield part;
    await turn();
  }
}

/** The text that `JSON.stringify` makes of a value, in parts; of what is text already, nothing is made anew. */
function* jsonParts(value: unknown): Generator<string, void> {
  let part = '';
  for (const piece of pieces(value)) {
    part += piece;
    if (part.length < PART_CHARACTERS) continue;
    yield part;
    part = '';
  }
  if (part !== '') yield part;
}

function* pieces(value: unknown): Generator<string, void> {
  if (value instanceof JsonText) {
    yield* value.parts(PART_CHARACTERS);
  } else if (Array.isArray(value)) {
    yield '[';
    for (const [index, element] of value.entries()) {
      if (index > 0) yield ',';
      yield* pieces(element);
    }
    yield ']';
  } else if (typeof value === 'object' && value !== null) {
    let before = '';
    yield '{';
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined) continue;
      yield `${before}${JSON.stringify(name)}:`;
      yield* pieces(member);
      before = ',';
    }
    yield '}';
  } else {
    yield JSON.stringify(value);
  }
}
