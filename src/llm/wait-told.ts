import { durationIn, LONGEST_WAIT_MS, type HeaderSource } from './rate-limits.js';

/** So much of a body is looked at: a service may answer anything. */
const MOST_CHARACTERS = 2_000;
const MOST_VALUES = 500;
const DEEPEST = 8;

/** A field of its own that is longer tells no wait. */
const LONGEST_FIELD = 20;

/**
 * How long a service that does not serve a call asks to wait: what `Retry-After` says, or else the body, or
 * else when limits that are used up come back (`x-ratelimit-reset-*`).
 *
 * @param headers of the answer
 * @param body of the answer or any part of it, parsed or as text
 * @returns milliseconds, `LONGEST_WAIT_MS` at most; undefined where it tells none
 */
export function waitTold(headers: HeaderSource | undefined, body: unknown): number | undefined {
  const wait = inRetryAfter(headers) ?? inBody(body) ?? untilReset(headers);
  // None is no wait: what is rejected all the same tells nothing.
  return wait === undefined || wait <= 0 ? undefined : Math.min(wait, LONGEST_WAIT_MS);
}

function inRetryAfter(headers: HeaderSource | undefined): number | undefined {
  const milliseconds = headers?.get('retry-after-ms')?.trim();
  const said = headers?.get('retry-after')?.trim() ?? '';
  const waits = [
    milliseconds ? Number(milliseconds) : NaN,
    said === '' ? NaN : Number(said) * 1_000,
    Date.parse(said) - Date.now(),
  ];
  return waits.find((candidate) => candidate >= 0);
}

/** What is told in a field of its own is exact; a sentence may speak of more than one time. */
function inBody(body: unknown): number | undefined {
  let characters = 0;
  let sentence: number | undefined;
  for (const { key, value } of valuesOf(body)) {
    const wait = inField(key, value);
    if (wait !== undefined) return wait;
    if (typeof value !== 'string' || characters >= MOST_CHARACTERS) continue;
    const text = value.slice(0, MOST_CHARACTERS - characters);
    characters += text.length;
    sentence ??= inSentence(text);
  }
  return sentence;
}

/** The values in a body, those further out first: no recursion, because a body may be nested deep. */
function* valuesOf(body: unknown): Generator<{ key: string; value: unknown }> {
  const found = [{ key: '', value: body, depth: 0 }];
  // It grows on the way.
  for (const current of found) {
    yield current;
    const { value, depth } = current;
    if (typeof value !== 'object' || value === null || depth >= DEEPEST) continue;
    // Of a long list, no more than can be looked at is gone through.
    const inner = (Array.isArray(value) ? value.slice(0, MOST_VALUES) : value) as Record<string, unknown>;
    for (const key in inner) {
      if (found.length >= MOST_VALUES) break;
      found.push({ key, value: inner[key], depth: depth + 1 });
    }
  }
}

/** A field that is there for the wait: `google.rpc.RetryInfo`, and what others write as in the header. */
function inField(key: string, value: unknown): number | undefined {
  const name = key.toLowerCase().replaceAll(/[_-]/g, '');
  const told = typeof value === 'number' ? String(value) : value;
  if (typeof told !== 'string' || told.length > LONGEST_FIELD) return undefined;
  if (name === 'retryafterms') return durationIn(`${told}ms`);
  if (name === 'retrydelay' || name === 'retryafter' || name === 'retryafterseconds') return durationIn(told);
  return undefined;
}

const NUMBER = String.raw`\d{1,9}(?:\.\d{1,9})?`;
const UNIT = String.raw`(?:ms|msecs?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])`;
// "1m9.6s": a unit may be followed by the next number at once.
const PART = String.raw`${NUMBER}\s{0,3}-?${UNIT}`;
const DURATION = String.raw`${PART}(?:(?:\s{0,3},?\s{0,3}and)?[\s,]{0,3}${PART}){0,4}`;
/** Every repetition is bounded, and digits end what may stand between: no text takes long. */
const SENTENCE = new RegExp(
  String.raw`\b(?:again|back|retry|retrying|resets?|wait|available)\b[^.!?\n\d]{0,40}(${DURATION})`,
  'i',
);
const BARE_SECONDS = new RegExp(
  String.raw`\b(?:again|retry|wait)[ _-](?:in|after)["']?\s{0,3}[:=]?\s{0,3}(${NUMBER})(?=["')\],;}]|\.?\s{0,9}$)`,
  'i',
);

/** "Please try again in 7.2s", "Retry after 20 seconds", "wait for about 2 minutes". */
function inSentence(text: string): number | undefined {
  const written = SENTENCE.exec(text)?.[1];
  if (written === undefined) return durationIn(BARE_SECONDS.exec(text)?.[1]);
  const parts = [...written.matchAll(new RegExp(String.raw`(${NUMBER})\s*-?(ms|mill|[smhd])`, 'gi'))];
  const inShort = parts.map(([, count = '', unit = '']) => count + unit.toLowerCase().replace('mill', 'ms'));
  return durationIn(inShort.join(''));
}

/** When the last of the limits that are used up comes back, as far as one can tell which are. */
function untilReset(headers: HeaderSource | undefined): number | undefined {
  const waits = ['-requests', '-tokens', ''].map((limit) => {
    const remaining = headers?.get(`x-ratelimit-remaining${limit}`)?.trim() ?? '';
    if (remaining !== '' && Number(remaining) !== 0) return undefined;
    return timeUntil(headers?.get(`x-ratelimit-reset${limit}`)?.trim() ?? '');
  });
  const told = waits.filter((wait) => wait !== undefined);
  return told.length === 0 ? undefined : Math.max(...told);
}

/** Later than any wait, and earlier than any moment, in seconds. */
const FIRST_MOMENT_S = 1e9;

/** A duration, or as some services write it a moment: seconds or milliseconds since 1970, or a date. */
function timeUntil(written: string): number | undefined {
  const number = Number(written);
  const moment = number >= FIRST_MOMENT_S * 1_000 ? number : number * 1_000;
  if (number >= FIRST_MOMENT_S) return Math.max(0, moment - Date.now());
  const ms = durationIn(written) ?? Date.parse(written) - Date.now();
  return ms >= 0 ? ms : undefined;
}
