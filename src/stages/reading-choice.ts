import { codePointLength } from '../text.js';
import { behind, besideDigital } from './beside.js';
import type { OcrText } from './ocr.js';
import type { PageText } from './pdf-worker.js';
import { soundness } from './soundness.js';

/** A reading by OCR that is surer than this, of 100, is as good as its words look. */
const SURE = 85;
/** Somebody else's reading must be so much better than one's own: it cannot be told how sure that was. */
const BETTER = 1.03;

/** The text of a page: its text layer as it is, or what OCR read of it. */
export type ChosenText = Pick<OcrText, 'text' | 'words' | 'cut'> & { by: 'text' | 'ocr' };

/** Chooses between what OCR read of a page and its text layers; digital words that are seen are always kept. */
export function chosenText(layer: PageText, read: OcrText): ChosenText {
  const { invisible } = layer;
  const others =
    invisible && worth(invisible.text, 1) > BETTER * worth(read.text, read.how.meanConfidence / SURE);
  const best = others
    ? { ...invisible, cut: layer.cut, by: 'text' as const }
    : { ...read, by: 'ocr' as const };
  if (layer.text === '' || layer.text === invisible?.text) return best;
  if (best.text === '') return { ...layer, by: 'text' };
  // Of a page that was put in sideways, the rows are not those of the print upon it.
  if (!others && read.how.turned !== 0) return { ...best, ...behind(best, layer) };
  return { ...besideDigital(best, layer, read.shape), by: best.by };
}

/** How many characters stand in well-formed words, less where the reader was unsure of them. */
function worth(text: string, sureness: number): number {
  return codePointLength(text.replace(/\s+/g, '')) * soundness(text) * Math.min(sureness, 1);
}
