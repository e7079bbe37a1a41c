import { isAscii } from '../../text.js';

/** More than is sent of a page. */
export const MAX_TEXT = 24_000;

/** A word of a page may be told from the next by any white space; marks nobody sees part no word. */
export function plainForm(text: string): string {
  // Most pages have no other letters, and are spared what is done for those.
  const seen = isAscii(text)
    ? text
    : text
        .normalize('NFKC')
        .slice(0, MAX_TEXT)
        .replace(/[\p{Cf}\p{Variation_Selector}\u034f\u115f\u1160\u3164]/gu, '');
  return seen
    .toLowerCase()
    .replace(/-\s*\n\s*/g, '')
    .replace(/\s+/g, ' ');
}

/** Letters of other scripts that look like Latin ones: each beside the one it looks like. */
const LOOKALIKES = pairs(
  'аa вb сc еe ёe һh іi їi јj кk мm нh',
  'оo рp ѕs тt уy хx ԁd ԛq ԝw ɡg ıi łl',
  'αa βb εe ηn ιi κk νv οo ρp τt υu χx',
);
const LEET = pairs('0o 1i 3e 4a 5s 7t @a $s');

function pairs(...of: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    of.flatMap((line) => line.split(' ')).map((pair): [string, string] => [pair.slice(0, 1), pair.slice(1)]),
  );
}

/** Without accents, and words that mix scripts in Latin letters alone. */
export function foldedForm(plain: string): string {
  if (isAscii(plain)) return plain;
  const bare = plain
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/ß/g, 'ss')
    .replace(/ø/g, 'o')
    .replace(/ł/g, 'l');
  return bare.replace(/\p{L}+/gu, (word) => (/[a-z]/.test(word) ? spelt(word, LOOKALIKES) : word));
}

function spelt(word: string, letters: Readonly<Record<string, string>>): string {
  return /^[a-z]+$/.test(word) ? word : Array.from(word, (letter) => letters[letter] ?? letter).join('');
}

/** What a text hides from those who look for words: spelt out, in digits, hyphens, base64, escapes, turned round. */
export function hidden(text: string): string[] {
  const lower = text.toLowerCase();
  const found = [
    ...Array.from(text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g), ([run]) =>
      printable(Buffer.from(run, 'base64')),
    ),
    ...Array.from(text.matchAll(/(?:[0-9a-f]{2}){8,}/gi), ([run]) => printable(Buffer.from(run, 'hex'))),
  ];
  const escaped = text
    .replace(/&#x([0-9a-f]{2,5});/gi, (_, code: string) => character(Number.parseInt(code, 16)))
    .replace(/&#(\d{2,6});/g, (_, code: string) => character(Number(code)))
    .replace(/(?:%|\\x|\\u00)([0-9a-f]{2})/gi, (_, code: string) => character(Number.parseInt(code, 16)));
  if (escaped !== text) found.push(escaped);
  // "i g n o r e   i t": single letters, one separator each; words are parted by more.
  const spelledOut =
    text.match(/(?<!\S)\p{L}(?:[ ._*·|~-]\p{L}){3,}(?!\S)(?:\s{1,8}\S(?:[ ._*·|~-]\S)*(?!\S))*/gu) ?? [];
  for (const run of spelledOut) {
    const words = run.split(/\s{2,}/).map((word) => word.replace(/[ ._*·|~-]/g, ''));
    found.push(words.join(' '));
    if (words.length === 1)
      found.push(
        run
          .toLowerCase()
          .replace(/[^\p{L}]/gu, '')
          .replace(IN_A_RUN, ' $& '),
      );
  }
  if ((lower.match(/(?<![a-z\d])(?=[a-z\d]*[a-z])(?=[a-z\d]*\d)[a-z\d]{2,}/g)?.length ?? 0) >= 2)
    found.push(lower.replace(/[a-z\d@$]+/g, (word) => (/[a-z]/.test(word) ? spelt(word, LEET) : word)));
  const parted = text.replace(/(?<=\p{Ll})-(?=\p{Ll})/gu, '');
  if (text.length - parted.length >= 3) found.push(parted);
  if (/snoitcurtsn|erongi|ledom|tuptuo|rewsna|drager|egap|teehs|dleif/i.test(text))
    found.push(Array.from(text).reverse().join(''));
  if (/\b(?:gur|cntr|vtaber|erfcbafr|svryqf?|nafjre)\b/.test(lower))
    found.push(
      lower.replace(/[a-z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 84) % 26) + 97)),
    );
  return found.filter((form) => form !== '');
}

/** Words of orders, to be told apart where no gap tells them. */
const IN_A_RUN =
  /ignore|disregard|instructions?|prompt|assistant|model|output|override|omit|answer|return|report|nothing|pages?|sheets?|fields?|empty|with|list|the/g;

/** Bytes as text, '' where they are none. */
function printable(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return /^[^\p{C}\ufffd]*$/u.test(text.replace(/\s/g, ' ')) ? text : '';
}

function character(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : ' ';
}
