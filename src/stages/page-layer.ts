import type { Area } from './areas.js';
import { readingAngle, withCheckBoxes } from './check-boxes.js';
import { drawnBoxes } from './drawn-boxes.js';
import type { Annotations } from './field-boxes.js';
import { TextSights } from './hidden-text.js';
import { layOutChars, type BoxedWord, type LaidOut } from './layout.js';
import { PageObjects } from './page-objects.js';
import { placedChars, type PageChars } from './pdf-chars.js';
import { drawnArea } from './pdf-frame.js';
import type { Pdfium } from './pdf-library.js';
import type { PictureOpacity } from './picture-opacity.js';
import { shareCovered } from './picture-share.js';
import type { PlacedChar } from './placed-char.js';
import { soundness } from './soundness.js';
import { textLayer, type TextLayer } from './text-layer.js';

/** A page's text layer. */
export interface PageLayer extends LaidOut<BoxedWord> {
  layer: TextLayer;
  /** Text that goes with a picture, over or under it, and is not seen; undefined where there is none. */
  invisible: LaidOut<BoxedWord> | undefined;
}

/** Letters of a font that does not say what they are, whose codes may be those of letters all the same. */
const FEWEST_LETTERS = 20;
const WELL_FORMED = 0.85;
/** Segments of a rectangle: what has more is no rule and no box. */
const PLAIN_PATH = 5;

interface LayerSource {
  pdfium: Pdfium;
  page: number;
  textPage: number;
  annotations: Annotations;
  opacity: PictureOpacity;
}

/** Lays out the first `count` characters of a page, as far as they are seen, with its boxes; tells what they are worth. */
export function pageLayer(
  { pdfium, page, textPage, annotations, opacity }: LayerSource,
  count: number,
): PageLayer {
  const objects = new PageObjects(pdfium, page);
  try {
    const area = drawnArea(pdfium, page);
    opacity.turnTo(page);
    const seenPage = { objects, area, highlights: annotations.highlights, opacity };
    const chars = trusted(placedChars(pdfium, textPage, count, new TextSights(pdfium, seenPage)));
    const drawn = drawnBoxes(objects, () => Math.abs(Math.sin(readingAngle(chars.seen))) > 0.5);
    const laidOut = layOutChars(withCheckBoxes(chars.seen, { fields: annotations.boxes, drawn }));
    const unsound = chars.inked === 0 ? 0 : chars.unsound / chars.inked;
    const paint = paintOf(objects, area);
    const layer = textLayer({ text: laidOut.text, unsound, lost: chars.unsound, ...paint });
    const beneath = paint.pictures > 0 || layer === 'scan' ? layOutChars(chars.beneath) : undefined;
    return { ...laidOut, layer, invisible: beneath && beneath.text !== '' ? beneath : undefined };
  } finally {
    objects.free();
  }
}

/** Takes letters at their word whose codes make well-formed words, although their font does not vouch for them. */
function trusted(chars: PageChars): PageChars {
  if (chars.unsound === 0) return chars;
  const text = wordsWith(chars.seen);
  const letters = (text.match(/\p{L}/gu) ?? []).length;
  if (letters < FEWEST_LETTERS || /\p{Co}/u.test(text) || soundness(text) < WELL_FORMED) return chars;
  // What its font gave no letter for is missing all the same.
  const vouched = chars.seen.filter(({ isUnsound }) => isUnsound).length;
  return { ...chars, seen: chars.seen.map(vouchedFor), unsound: chars.unsound - vouched };
}

/** The words that hold letters of a font that does not vouch for them. */
function wordsWith(chars: readonly PlacedChar[]): string {
  const words = chars.map(({ text, isUnsound }) => (isUnsound ? `\u0001${text}` : text)).join('');
  const flagged = (words.match(/\S+/g) ?? []).filter((word) => word.includes('\u0001'));
  return flagged.join(' ').replaceAll('\u0001', '');
}

function vouchedFor(char: PlacedChar): PlacedChar {
  return char.isUnsound ? { ...char, isUnsound: false } : char;
}

/** What a page holds besides its text. */
function paintOf(objects: PageObjects, page: Area): { pictures: number; paths: number; segments: number } {
  const pictures = objects.painted.filter(({ kind }) => kind === 'picture');
  let paths = 0;
  let segments = 0;
  for (const { kind, handle } of objects.painted) {
    if (kind !== 'path') continue;
    const own = objects.segments(handle);
    paths++;
    if (own > PLAIN_PATH) segments += own;
  }
  return {
    pictures: shareCovered(
      pictures.map(({ area }) => area),
      page,
    ),
    paths,
    segments,
  };
}
