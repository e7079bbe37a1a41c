import { distance } from 'fastest-levenshtein';

/** How much of a page's truth its reading holds. */
export interface Score {
  /** Values that stand in the text as they are on the page. */
  found: number;
  values: number;
  /** Words of the page that are nowhere in the text. */
  missed: number;
  words: number;
  /** Edits from the text to the truth, and its characters; white space counts as one space. */
  edits: number;
  characters: number;
}

export function scoreOf(
  truth: { text: string; words: readonly string[]; values: readonly string[] },
  read: string,
): Score {
  const [text, expected] = [plain(read), plain(truth.text)];
  const left = new Map<string, number>();
  for (const word of text.split(' ')) left.set(word, (left.get(word) ?? 0) + 1);
  let missed = 0;
  for (const word of truth.words.map(plain)) {
    const count = left.get(word) ?? 0;
    if (count === 0) missed++;
    else left.set(word, count - 1);
  }
  return {
    found: truth.values.filter((value) => stands(plain(value), text)).length,
    values: truth.values.length,
    missed,
    words: truth.words.length,
    edits: Math.min(distance(expected, text), expected.length),
    characters: expected.length,
  };
}

export function sumOf(scores: readonly Score[]): Score {
  const none = { found: 0, values: 0, missed: 0, words: 0, edits: 0, characters: 0 };
  return scores.reduce(
    (sum, score) => ({
      found: sum.found + score.found,
      values: sum.values + score.values,
      missed: sum.missed + score.missed,
      words: sum.words + score.words,
      edits: sum.edits + score.edits,
      characters: sum.characters + score.characters,
    }),
    none,
  );
}

/** Whether a value stands in a text, and is not part of a longer one. */
function stands(value: string, text: string): boolean {
  const pattern = value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\d])${pattern}(?![\\p{L}\\d])`, 'u').test(text);
}

/** Signs that look the same count as the same. */
function plain(text: string): string {
  return text
    .replace(/[‘’‚‛`´]/g, "'")
    .replace(/[“”„]/g, '"')
    .replace(/[‐‑‒–—―]/g, '-')
    .replace(/ﬁ/g, 'fi')
    .replace(/ﬂ/g, 'fl')
    .replace(/\s+/g, ' ')
    .trim();
}
