import type { Mark } from './symbol-fonts.js';

/** One character where the page shows it. Lengths in points; x grows to the right, y upwards. */
export interface PlacedChar {
  /** One code point. White space ends a word; a line feed does so only where the pen jumped. */
  text: string;
  /** Where the pen stood: the left end of the character's baseline, as the reader sees it. */
  originX: number;
  originY: number;
  /** The character's box, its full advance wide. */
  left: number;
  right: number;
  bottom: number;
  top: number;
  /** Height of the font (its em). */
  size: number;
  /** Reading direction, radians counter-clockwise; 0 reads to the right. */
  angle: number;
  /** The same for the characters that a PDF draws as one text. */
  object?: number;
  /** The PDF does not say for sure which character it is: its word is left out. */
  isUnsound?: boolean;
  /** What it shows, when it is a symbol of boxes and ticks. */
  mark?: Mark;
}

export function isBlank(text: string): boolean {
  return text === ' ' || /^\s$/.test(text);
}
