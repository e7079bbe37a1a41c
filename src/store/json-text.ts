import { setImmediate as turn } from 'node:timers/promises';

/** JSON as it is kept: a value that is passed on without being read. */
export class JsonText {
  constructor(readonly text: string) {}

  /** The text in parts of at least so many characters, but for the last; none ends within one. */
  *parts(length: number): Generator<string, void> {
    const { text } = this;
    for (let from = 0; from < text.length;) {
      let to = from + length;
      if (isHighSurrogate(text.charCodeAt(to - 1))) to++;
      yield text.slice(from, to);
      from = to;
    }
  }
}

/** A value without those of its members named `result`, which can be large: they stay text. */
export type Outline<T> = T extends readonly (infer Element)[]
  ? Outline<Element>[]
  : T extends object
    ? { [Name in keyof T]: Name extends 'result' ? JsonText : Outline<T[Name]> }
    : T;

/** Such a member of an object; in a string, its quotes would be escaped. */
const RESULT = /(?<!\\)"result":(?={)/g;

/**
 * Reads JSON but for the objects that are members named `result`: reading records of many megabytes would hold
 * up everything else.
 *
 * @param text as `JSON.stringify` writes it
 */
export async function outlineOf<T>(text: string): Promise<Outline<T>> {
  const results: JsonText[] = [];
  let rest = '';
  let from = 0;
  const member = new RegExp(RESULT);
  while (member.exec(text)) {
    const start = member.lastIndex;
    const end = await endOfObject(text, start);
    rest += text.slice(from, start) + String(results.length);
    results.push(new JsonText(text.slice(start, end)));
    from = member.lastIndex = end;
  }
  rest += text.slice(from);
  const revive = (name: string, value: unknown) =>
    name === 'result' && typeof value === 'number' ? results[value] : value;
  return JSON.parse(rest, revive) as Outline<T>;
}

/** Others have their turn after so many characters. */
const TURN_CHARACTERS = 512 * 1024;
const [QUOTE, BACKSLASH, OPEN, CLOSE] = [34, 92, 123, 125];

async function endOfObject(text: string, start: number): Promise<number> {
  let depth = 0;
  let pauseAt = start + TURN_CHARACTERS;
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === OPEN) depth++;
    else if (code === CLOSE && --depth === 0) return at + 1;
    if (at < pauseAt) continue;
    await turn();
    pauseAt = at + TURN_CHARACTERS;
  }
  return at;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(at))
    at += code === BACKSLASH ? 2 : 1;
  return at;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
