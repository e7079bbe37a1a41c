/** Levels of objects and lists; an answer needs four, with a wrapping five. */
const DEEPEST = 40;

/** So many beginnings of what is no object are passed over; each may be searched to the end of the text. */
const MOST_PASSED_OVER = 20;

/** A model's reasoning, with or without its opening tag, which some servers take away. */
const THINKING = /^\s*<(think|thinking|reasoning)>[\s\S]*?<\/\1>/i;

/**
 * The JSON objects that stand in a model's answer, in their order: the outermost ones, and those of an outermost
 * list. Text around them (a greeting, a code fence, reasoning) is passed over. Line breaks and other control
 * characters within a string are what they are. Nothing else is repaired: what a library would add or part to
 * make JSON of it would be its own invention (docs/providers.md).
 */
export function objectsIn(content: string): unknown[] {
  const text = content.replace(THINKING, '');
  // A value may hold the tag.
  const isAnswer = /^\s*[[{`]/.test(text.slice(0, 200));
  const afterThinking = isAnswer ? text : text.slice(text.lastIndexOf('</think>') + 1);
  const objects = parsedObjects(afterThinking);
  return objects.length > 0 || afterThinking === text ? objects : parsedObjects(text);
}

function parsedObjects(text: string): unknown[] {
  const objects: unknown[] = [];
  let passedOver = 0;
  let start = text.indexOf('{');
  while (start >= 0) {
    const end = endOfObject(text, start);
    // An answer that broke off is none: what of it is whole was not meant to stand alone.
    if (end === undefined && /^\{\s*"/.test(text.slice(start, start + 100))) break;
    const parsed = end === undefined ? undefined : parseObject(text.slice(start, end));
    if (parsed !== undefined) objects.push(parsed);
    else if (++passedOver > MOST_PASSED_OVER) break;
    start = text.indexOf('{', parsed === undefined ? start + 1 : end);
  }
  return objects;
}

/** Behind the bracket that closes it; undefined where none does, or it is nested too deep: parsing that takes long. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (inString && character === '\\') at += 1;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth > DEEPEST) return undefined;
    if (depth === 0) return at + 1;
  }
  return undefined;
}

function parseObject(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return parseEscaped(json);
  }
}

function parseEscaped(json: string): unknown {
  let inString = false;
  let escaped = '';
  for (let at = 0; at < json.length; at++) {
    const character = json.charAt(at);
    if (inString && character === '\\') escaped += character + json.charAt(++at);
    else {
      if (character === '"') inString = !inString;
      escaped += inString && character < ' ' ? escapeOf(character) : character;
    }
  }
  try {
    return JSON.parse(escaped);
  } catch {
    return undefined;
  }
}

function escapeOf(control: string): string {
  return JSON.stringify(control).slice(1, -1);
}
