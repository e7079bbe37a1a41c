import { listWords } from '../processor/words.js';
import { codePointLength } from '../text.js';
import { behind, besideDigital, bothLayers } from './beside.js';
import type { OcrText } from './ocr.js';
import type { PageText, PlacedText } from './pdf-worker.js';
import { soundness } from './soundness.js';

/** A reading by OCR that is surer than this, of 100, is as good as its words look. */
const SURE = 85;
/** Somebody else's reading must be so much better than one's own: it cannot be told how sure that was. */
const BETTER = 1.03;
/** It must hold so many of the words that OCR is sure of: else it is of another page, or of another copy. */
const IN_COMMON = 0.7;

/** The text of a page: its text layer as it is, or what OCR read of it. */
export type ChosenText = Pick<OcrText, 'text' | 'words' | 'cut'> & { by: 'text' | 'ocr' };

/** Chooses between what OCR read of a page and its text layers; digital words that are seen are always kept. */
export function chosenText(layer: PageText, read: OcrText): ChosenText {
  const { invisible } = layer;
  const isOwnLayer = layer.text !== '' && layer.text !== invisible?.text;
  const { turned, skew } = read.how;
  if (invisible && isBetter(invisible, read)) {
    if (!isOwnLayer) return { ...invisible, cut: layer.cut, by: 'text' };
    return { ...bothLayers(invisible, { skew, height: read.print.height }, layer), by: 'text' };
  }
  if (!isOwnLayer) return { ...read, by: 'ocr' };
  if (read.text === '') return { ...layer, by: 'text' };
  // Of a page that was put in sideways, the rows are not those of the print upon it.
  if (turned !== 0) return { ...behind(read, layer), cut: read.cut, by: 'ocr' };
  return { ...besideDigital(read, skew, layer), by: 'ocr' };
}

/** Whether a layer that is not seen says more than OCR, and nothing else than what OCR is sure of. */
function isBetter(others: PlacedText, { text, words, how }: OcrText): boolean {
  if (worth(others.text, 1) <= BETTER * worth(text, how.meanConfidence / SURE)) return false;
  const sure = listWords(text, words)
    .filter(({ confidence = 0 }) => confidence >= SURE)
    .map((word) => letters(word.text))
    .filter((word) => word.length > 1);
  const theirs = new Set((others.text.match(/\S+/g) ?? []).map(letters));
  const common = sure.filter((word) => theirs.has(word));
  const numbers = sure.filter((word) => /\d{2}/.test(word));
  return common.length >= IN_COMMON * sure.length && numbers.every((word) => theirs.has(word));
}

function letters(word: string): string {
  return word.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();
}

/** How many characters stand in well-formed words, less where the reader was unsure of them. */
function worth(text: string, sureness: number): number {
  return codePointLength(text.replace(/\s+/g, '')) * soundness(text) * Math.min(sureness, 1);
}
