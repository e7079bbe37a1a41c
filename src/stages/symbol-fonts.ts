/** What a symbol stands for, where boxes to be ticked are drawn as symbols. */
export type Mark = 'box' | 'marked box' | 'circle' | 'marked circle' | 'dot' | 'block' | 'tick';

interface SymbolFont {
  name: RegExp;
  /** Characters of the font, by what they show. */
  shows: Partial<Record<Mark, string>>;
}

/** Fonts of symbols under the codes of letters. Subsets and styles carry the name as well. */
const SYMBOL_FONTS: readonly SymbolFont[] = [
  {
    name: /^wingdings[ -]?2/,
    shows: { box: '\u00a3', 'marked box': 'QRST', tick: 'OP' },
  },
  { name: /^wingdings[ -]?3/, shows: {} },
  {
    name: /^wingdings/,
    shows: {
      box: 'opqr\u00a8',
      'marked box': 'x\u00fd\u00fe',
      circle: '\u00a1\u00a2m',
      'marked circle': '\u00a4\u00a5',
      dot: 'l',
      block: 'n',
      tick: '\u00fb\u00fc',
    },
  },
  { name: /^webdings/, shows: { box: 'c', block: 'g', dot: 'n', tick: 'ar' } },
  {
    name: /^(itc|itc-)?zapf[ -]?dingbats|^dingbats|^zadb|^d050000l|^monotype[ -]?sorts/,
    shows: { box: 'opqr', circle: 'm', dot: 'l', block: 'n', tick: '345678' },
  },
  { name: /^symbol(mt)?$|^symbol[,-]|^marlett|^bookshelf symbol|^ms reference specialty/, shows: {} },
];

const UNICODE: Readonly<Record<Mark, string>> = {
  box: '\u2610\u25a1\u25a2\u274f\u2750\u2751\u2752\u25fb\u2b1c\u{1f78e}\u{1f78f}\u{1f790}',
  'marked box': '\u2611\u2612\u2327\u{1f5f9}\u{1f5f7}\u{1f5f5}\u2bbd',
  circle: '\u25cb\u25ef\u274d\u2b58\u{1f785}',
  'marked circle': '\u25c9\u25ce\u29bf\u{1f518}',
  dot: '\u25cf\u2b24\u26ab',
  block: '\u25a0\u25fc\u2b1b',
  tick: '\u2713\u2714\u2715\u2716\u2717\u2718\u00d7\u{1f5f8}\u{1f5f4}',
};

const UNICODE_MARKS = byCharacter(UNICODE);
/** One mark for every symbol font, by its name as it is written in PDFs. */
const FONT_MARKS = SYMBOL_FONTS.map(({ name, shows }) => ({ name, marks: byCharacter(shows) }));

/** The symbols of a font; undefined for one of letters. */
export function symbolsOf(fontName: string): ReadonlyMap<string, Mark> | undefined {
  const name = fontName.replace(/^[A-Z]{6}\+/, '').toLowerCase();
  return FONT_MARKS.find((font) => font.name.test(name))?.marks;
}

/**
 * @param text a character
 * @param symbols those of its font
 */
export function markOf(text: string, symbols: ReadonlyMap<string, Mark> | undefined): Mark | undefined {
  return UNICODE_MARKS.get(text) ?? symbols?.get(plain(text));
}

/** Word processors write the codes of symbol fonts as private characters, from U+F020 to U+F0FF. */
function plain(text: string): string {
  const code = text.codePointAt(0) ?? 0;
  return code >= 0xf020 && code <= 0xf0ff ? String.fromCodePoint(code & 0xff) : text;
}

function byCharacter(shows: Partial<Record<Mark, string>>): ReadonlyMap<string, Mark> {
  return new Map(
    Object.entries(shows).flatMap(([mark, characters]) =>
      Array.from(characters, (character) => [character, mark as Mark] as const),
    ),
  );
}
