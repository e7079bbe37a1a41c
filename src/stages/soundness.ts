/** Words whose form says nothing: single letters, dashes, bullets. */
const SHORTEST = 2;
const EDGES = /^[\s"'“”‘’«»([{<*•·–—|-]+|[\s"'“”‘’«»)\]}>*•·,.:;!?…–—|-]+$/gu;
const NUMBER = /^[+-]?[$€£¥#]?[+-]?\d+([.,:/' -]\d+)*[%$€£¥]?$/u;
/** References, part numbers, account numbers with their letters in front or behind: "IBAN12", "2B", "A-1042". */
const CODE = /^(\p{Lu}{1,6}[-/.]?)?\d+([-/.]\d+)*([-/.]?\p{Lu}{1,3})?$|^\d+(st|nd|rd|th|am|pm|x|k|m)$/u;
const WORD = /^\p{L}+(['’.&/-]\p{L}+)*\.?$/u;
const ADDRESS = /^[\p{L}\p{N}][\p{L}\p{N}._%+/:-]*[@/:.][\p{L}\p{N}._/:?=&%-]+$/u;
const VOWEL = /[aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýœ]/iu;
const LATIN = /^[\p{Script=Latin}'’.&/-]+$/u;
const CLUSTER = /[bcdfghjklmnpqrstvwxz]{5,}/iu;
/** With a domain or a folder in it. */
const PLACE = /[@/:]|\.\p{L}{2}/u;
/** Nothing longer is a word. */
const LONGEST = 100;
/** Short words without vowels are abbreviations. */
const LONGEST_VOWELLESS = 4;

/**
 * How well formed the words of a text are, from 0 (none) to 1 (all), by signs that need no dictionary: letters
 * and digits mixed, odd marks inside words, letters without vowels, capitals inside words. Longer words weigh
 * more. 0 for a text without words. For weighing what two readers made of one page against each other.
 */
export function soundness(text: string): number {
  let formed = 0;
  let all = 0;
  for (const [run] of text.matchAll(/\S+/g)) {
    if (run.length > LONGEST) {
      if (/[\p{L}\p{N}]/u.test(run)) all += run.length;
      continue;
    }
    const word = run.replace(EDGES, '');
    const length = Array.from(word).length;
    if (length < SHORTEST && !/^\d$/.test(word)) {
      // Marks without any letter are no reading of a word.
      if (word === '' && run.length > 2) all += 1;
      continue;
    }
    all += length;
    formed += length * formOf(word);
  }
  return all === 0 ? 0 : formed / all;
}

function formOf(word: string): number {
  if (NUMBER.test(word) || CODE.test(word)) return 1;
  if (PLACE.test(word) && ADDRESS.test(word)) return 0.9;
  if (!WORD.test(word)) return 0;
  if (!LATIN.test(word)) return 1;
  return latinForm(word);
}

function latinForm(word: string): number {
  const letters = word.replace(/[^\p{L}]/gu, '');
  const isVowelless = !VOWEL.test(letters);
  if (isVowelless) return letters.length <= LONGEST_VOWELLESS && letters === letters.toUpperCase() ? 1 : 0.3;
  if (CLUSTER.test(letters)) return 0.4;
  // "CheckIng", "aCCount": capitals belong to the front, or everywhere.
  const hasOddCase = word
    .split(/['’.&/-]/u)
    .some((part) => /\p{Ll}\p{Lu}/u.test(part.replace(/^(Mc|Mac|De|La|Le|Van|Di)(?=\p{Lu})/u, '')));
  if (hasOddCase) return 0.5;
  return /(.)\1\1/u.test(letters) ? 0.4 : 1;
}
