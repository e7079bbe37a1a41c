/** HTML that is safe to show: all that came from outside has been escaped. Only {@link markup} makes it. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What may stand in a template: texts and numbers are escaped, markup is not. */
export type Content = string | number | Markup | readonly Content[];

/** A template of HTML in which every text that is put in is escaped. */
export function markup(template: TemplateStringsArray, ...contents: Content[]): Markup {
  return new Markup(template.reduce((html, part, index) => html + render(contents[index - 1] ?? '') + part));
}

/**
 * A text of a document, with the characters in it made visible that would hide, or change what stands around
 * them: two values may differ in nothing else.
 */
export function shown(text: string): Markup {
  if (text === '') return markup`<em>empty</em>`;
  const parts = text.split(HIDDEN).map((part, index) => (index % 2 === 1 ? sign(part) : part));
  return markup`<bdi class="text">${parts}</bdi>`;
}

/** Control, format and unassigned characters, halves of pairs, and spaces other than the usual ones. */
const HIDDEN = /((?![ \n])[\p{C}\p{Z}])/u;

function sign(character: string): Markup {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return markup`<span class="sign">U+${code}</span>`;
}

function render(content: Content): string {
  if (content instanceof Markup) return content.text;
  if (typeof content === 'string' || typeof content === 'number') return escape(String(content));
  return content.map(render).join('');
}

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES.get(character) ?? '');
}
