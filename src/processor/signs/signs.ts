import { isAscii } from '../../text.js';
import { ENGLISH_SIGNS } from './english.js';
import { foldedForm, hidden, MAX_TEXT, plainForm } from './forms.js';
import { LATIN_SIGNS, OTHER_SCRIPTS } from './languages.js';
import { namesPage } from './other-pages.js';

const SIGNS = [...ENGLISH_SIGNS, ...LATIN_SIGNS];

/**
 * Signs that a page's text speaks to the model that reads it, instead of to a person: it addresses a program,
 * orders what is to be answered, names the keys or rules of an answer, other pages by their number, or roles
 * of a conversation (docs/hostile-pages.md). Such a page is asked about alone, so that it can change no other
 * page. A sign is no verdict: what the page says is read as ever, and a wrong sign costs one call.
 *
 * @param own the page's number
 */
export function speaksToModel(pageText: string, own: number): boolean {
  const text = pageText.slice(0, MAX_TEXT).replace(PAGE_TAG, ' ');
  return namesField(text) || [text, ...hidden(text)].some((form) => isAddressed(form, own));
}

function isAddressed(text: string, own: number): boolean {
  const plain = plainForm(text);
  const folded = foldedForm(plain);
  return (
    (!isAscii(plain) && OTHER_SCRIPTS.test(plain)) ||
    SIGNS.some((sign) => sign.test(folded)) ||
    namesPage(folded, own)
  );
}

/** Tags in page text are neutralised before they are sent, and change nothing. */
const PAGE_TAG = /<\s{0,9}\/?\s{0,9}page(?:\s+number\s*=\s*"\d*")?\s*\/?>/gi;

/** A field's name in the midst of a sentence: as a label it begins its cell and a colon, or its value, follows. */
function namesField(text: string): boolean {
  return /(?:[a-z,;.:!'"(`] {1,2}|["'`([{])\p{Lu}\p{Ll}{1,40}(?:_\p{L}[\p{L}\d]{0,40}){1,9}(?!\p{L}{0,40}[ ]?:)(?=["'`)\]},.;=| ]|$)/mu.test(
    text,
  );
}
