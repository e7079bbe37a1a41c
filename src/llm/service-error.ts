import { z } from 'zod';
import type { FailureReason } from './failure-reason.js';

/** What a service answered instead of a completion, as far as it may be shown. */
export interface ServiceError {
  /** The HTTP status, or the one that is named in an error that came with 200. */
  status: number;
  code?: string;
  type?: string;
  /** The part of the request it is about. */
  param?: string;
  /** Its sentence, at most 300 characters, without anything that stands in the request or looks like a key. */
  message?: string;
}

/** An error of a service, as it was read. Its text may quote the request: it is matched, and never shown. */
export interface Said {
  status: number;
  code: string;
  type: string;
  param: string;
  message: string;
  /** All of it in small letters, cut to a few thousand characters. */
  text: string;
}

const MOST_TEXT = 4_000;
const MOST_MESSAGE = 300;

const plain = z.union([z.string(), z.number()]).transform(String).catch('');
const error = z.looseObject({
  code: plain,
  type: plain,
  param: plain,
  status: plain,
  message: z.unknown().optional(),
  msg: z.unknown().optional(),
  detail: z.unknown().optional(),
});

/**
 * Reads what a service said: the value of `error`, in whatever form. What it quotes of a failed answer
 * is left out.
 *
 * @param status of the HTTP answer; undefined for one that came with 200
 */
export function readSaid(given: unknown, status: number | undefined): Said {
  const body = unwrapped(given);
  const { code, type, param, status: name, message, msg, detail } = error.parse(isObject(body) ? body : {});
  const sentence = sentenceIn(message) ?? sentenceIn(msg) ?? sentenceIn(detail) ?? sentenceIn(body) ?? '';
  const named = Number(code || name);
  const isStatus = Number.isInteger(named) && named >= 400 && named < 600;
  const text = `${code} ${type} ${param} ${name} ${sentence} ${jsonOf(body)}`
    // What follows is an echo of the request.
    .replace(/input_value=.*$/gs, '')
    .slice(0, MOST_TEXT)
    .toLowerCase();
  return {
    status: status ?? (isStatus ? named : statusIn(text)),
    code: isStatus && type === '' ? name : code,
    type,
    param,
    message: sentence,
    text,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The innermost `error`; some services send it in a list, or twice over. */
function unwrapped(body: unknown): unknown {
  let inner = body;
  for (let level = 0; level < 4; level++) {
    if (Array.isArray(inner)) inner = inner[0] as unknown;
    else if (isObject(inner) && isObject(inner.error)) inner = inner.error;
    else if (isObject(inner) && typeof inner.error === 'string' && inner.message === undefined) {
      inner = { ...inner, message: inner.error };
    } else break;
  }
  return inner;
}

function sentenceIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const items = Array.isArray(value) ? (value as unknown[]) : [value];
  const sentences = items.slice(0, 5).flatMap((item) => {
    if (!isObject(item)) return [];
    const said = [item.msg, item.message, item.detail].find((part) => part !== undefined);
    const sentence = typeof said === 'object' ? sentenceIn(said) : said;
    const place = Array.isArray(item.loc) ? `${item.loc.join('.')}: ` : '';
    return typeof sentence === 'string' ? `${place}${sentence}` : [];
  });
  return sentences.length > 0 ? sentences.join('; ') : undefined;
}

function jsonOf(body: unknown): string {
  const shown = (key: string, value: unknown) => (ECHOES.has(key) ? undefined : value);
  try {
    return JSON.stringify(body ?? null, shown);
  } catch {
    return '';
  }
}

/** Under these, services send back what they were sent, or what the model wrote. */
const ECHOES: ReadonlySet<string> = new Set([
  'input',
  'input_value',
  'failed_generation',
  'flagged_input',
  'messages',
  'body',
]);

/** An error that names no status is what its words say. */
function statusIn(text: string): number {
  if (/rate.?limit|too many requests/.test(text)) return 429;
  if (/overloaded|unavailable|timed? ?out|try again|internal|upstream|server[ _]error/.test(text)) return 503;
  return 400;
}

/**
 * What went wrong, in this order: what is about this page or this size alone, then what makes every call fail,
 * then what its status says.
 *
 * @param asksToWait whether the service said how long to wait: it then means a limit, not an empty account
 */
export function reasonOf({ status, code, text }: Said, asksToWait: boolean): FailureReason {
  if (/json_validate_failed|failed to (?:generate|validate|parse) (?:valid )?json|invalid_json/.test(text)) {
    return 'invalid_json';
  }
  const isOfPage = status < 500 && status !== 401 && status !== 429;
  if (isOfPage && CONTENT_FILTER.test(text)) return 'content_filter';
  if (isOfPage && /moderation|flagged/.test(text)) return 'moderation';
  const isPace = status === 429 && /\b(?:wait|again|slow down)\b/.test(text);
  if (status === 413 || (!isPace && TOO_LARGE.test(text))) return 'too_large';
  if (NOT_FOUND_CODE.test(code)) return 'model_not_found';
  if (status === 401) return 'not_authorised';
  const isQuota = status === 402 || QUOTA.test(text) || QUOTA_CODE.test(code);
  const isLimit = status === 429 && asksToWait && !/insufficient|balance/.test(text);
  if (isQuota && !isLimit) return 'quota_exhausted';
  if (status === 403 || (status < 500 && KEY.test(text))) return 'not_authorised';
  if (status === 429) return 'rate_limited';
  if (status === 404 || status === 405 || (status < 500 && NOT_FOUND.test(text))) return 'model_not_found';
  if (status === 408 || status === 409 || status >= 500) return 'server_error';
  return 'bad_request';
}

const CONTENT_FILTER =
  /content[ _](?:filter|management|policy)|responsibleaipolicy|data_inspection_failed|inappropriate content|content_policy/;

const TOO_LARGE =
  /context[ _](?:length|window|size)|maximum context|too many (?:input |prompt )?tokens|(?:prompt|input|request|message)s? (?:is |are )?too (?:long|large)|reduce the length|exceeds? the (?:available )?(?:context|maximum number of tokens|model'?s? max)|(?:max_tokens|max_completion_tokens|maximum tokens|output tokens)[^.]{0,60}(?:too large|exceed|at most|less than or equal|must be (?:less|smaller|<))|supports at most|string_above_max_length|entity too large/;

const QUOTA_CODE =
  /^(?:1113|insufficient_quota|insufficient_user_quota|insufficient_balance|billing.*|arrearage)$/i;
const QUOTA =
  /insufficient[ _](?:\w+ )?(?:balance|quota|funds?|credits?)|exceeded_current_quota|exceeded your (?:current|monthly|daily) (?:quota|usage)|quota (?:exceeded|exhausted|used up)|recharge|no resource package|(?:out of|more|not enough|no) credits?\b|credit balance|payment required|balance is (?:too low|not enough|insufficient)|arrear|billing_hard_limit|spending limit|budget[_ ](?:has been |is )?exceeded|exceeded[^.]{0,20} budget/;

const KEY =
  /(?:api|access)[ _-]?key[^.]{0,40}(?:not valid|invalid|incorrect|expired|missing|revoked|disabled|not found|not provided)|(?:invalid|incorrect|missing|wrong|expired|no)[ _-](?:api|access|auth\w*)[ _-]?(?:key|token)|api_key_invalid|unauthori[sz]ed|unauthenticated|authentication (?:failed|error)|token_not_provided/;

const NOT_FOUND_CODE = /^(?:model_not_found|DeploymentNotFound|model_not_available)$/i;
const NOT_FOUND =
  /model[^.]{0,80}(?:not found|does ?n[o']t exist|not exist|not available|is unknown|not supported by|decommissioned|not loaded)|deploymentnotfound|(?:unknown|unrecognized|invalid|no such|not a valid) model|model_not_found|unexpected endpoint|invalid url|not a valid model|no (?:allowed )?(?:endpoints|providers)/;

/**
 * What may be shown of it. A service may quote what it was sent: words that stand in the request are left out, and
 * so is what looks like a key.
 *
 * @param sent the texts of the pages
 */
export function shownError(said: Said, sent: readonly string[]): ServiceError {
  const { status, code, type, param, message } = said;
  const sentence = withoutQuotes(message, sent);
  return {
    status,
    ...(isWord(code) && { code }),
    ...(isWord(type) && { type }),
    ...(isWord(param) && { param }),
    ...(sentence !== '' && { message: sentence }),
  };
}

/** A word, and nothing that quotes a page. */
function isWord(text: string): boolean {
  return /^[\w.[\]-]{1,60}$/.test(text);
}

/** Letters and digits mixed, or many of them: keys, ids, base64. */
const LIKE_A_KEY = /(?=[\w*+/=-]*\d)[\w*+/=-]{20,}|\bsk-[\w*-]+/g;

function withoutQuotes(message: string, sent: readonly string[]): string {
  // Escaped line breaks of an echo part words, too.
  const plain = message.slice(0, MOST_TEXT).replace(/\\+(?:u[0-9a-f]{4}|[nrt"'])/gi, ' ');
  const words = plain.replace(LIKE_A_KEY, '…').split(/\s+/).filter(Boolean);
  const texts = sent.map(lettersOf);
  const isQuoted = (part: string) => part.length > 0 && texts.some((text) => text.includes(part));
  const hidden = new Set<number>();
  for (const [index, word] of words.entries()) {
    const own = lettersOf(word).trim();
    if ((own.match(/\d/g)?.length ?? 0) >= 4 && isQuoted(own)) hidden.add(index);
    const pair = lettersOf(`${word} ${words[index + 1] ?? ''}`).trim();
    if (pair.length >= 10 && pair.includes(' ') && isQuoted(pair)) hidden.add(index).add(index + 1);
  }
  const shown = words.map((word, index) => (hidden.has(index) ? '…' : word)).join(' ');
  return shown
    .replace(/(?:… ?){2,}/g, '… ')
    .slice(0, MOST_MESSAGE)
    .trim();
}

function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ');
}
