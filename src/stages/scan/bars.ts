import type { PlacedWord } from '../layout.js';
import type { Area } from './picture.js';

/** How far from a word a letter of its own may stand, to its height. */
const NEAR = 1.2;
/** How far below the line of print a letter may reach, to its height: a bar goes deeper. */
const DEEP = 0.1;
const MOST_WORDS = 5_000;

/**
 * A lone "I" comes out as a bar. What stands beside a word and on the same line as its letters is no bar: those
 * reach below the line.
 */
export function barsAsLetters<Word extends PlacedWord & { area: Area }>(words: readonly Word[]): Word[] {
  // Each is held against all others: no page that a person made has more.
  if (words.length > MOST_WORDS) return [...words];
  return words.map((word) =>
    word.text === '|' && words.some((other) => isLetterBeside(word, other)) ? { ...word, text: 'I' } : word,
  );
}

function isLetterBeside(
  { area }: { area: Area },
  { text, area: other, baseline }: PlacedWord & { area: Area },
): boolean {
  const height = area.bottom - area.top;
  const apart = Math.max(other.left - area.right, area.left - other.right);
  return (
    /\p{L}{2}/u.test(text) &&
    apart >= 0 &&
    apart <= NEAR * height &&
    Math.abs(area.bottom + baseline) <= DEEP * height &&
    Math.abs(area.top - other.top) <= 2 * DEEP * height
  );
}
