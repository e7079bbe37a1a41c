import type { PlacedWord } from '../layout.js';
import type { Area } from './picture.js';

/** A word as OCR read it. */
export interface ReadWord extends PlacedWord {
  /** In the picture that was read. */
  area: Area;
  /** How sure OCR was, 0 to 100. */
  confidence: number;
}
