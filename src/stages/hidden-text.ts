import { grown, holds, isEmpty, isWithin, middle, shared, type Area, type Point } from './areas.js';
import { PaintIndex } from './paint-index.js';
import {
  isPaper,
  isUnseen,
  rectangle,
  type Clip,
  type Colour,
  type DrawnText,
  type PageObjects,
  type Painted,
} from './page-objects.js';
import { PictureOpacity, type Opacity } from './picture-opacity.js';
import type { Pdfium } from './pdf-library.js';
import { shareCovered } from './picture-share.js';

/**
 * What becomes of a character. 'beneath' is text that nobody sees and that goes with a picture: what
 * programs that read scans lay over or under them.
 */
export type Sight = 'seen' | 'beneath' | 'hidden';

/** What is the same for all characters of a text object. */
export interface TextSight {
  drawn: DrawnText | undefined;
  /** What is let through, and a little more; undefined when that is all. */
  clip: Area | undefined;
  /** Drawn without ink. */
  isInkless: boolean;
  isWhite: boolean;
  isMirrored: boolean;
}

/** A page as far as it decides what is seen on it. */
export interface SeenPage {
  objects: PageObjects;
  area: Area;
  /** Marked by annotations that let through what they mark. */
  highlights: readonly Area[];
  opacity: PictureOpacity;
}

/** pdfium's modes of drawing text. */
const STROKED = [1, 5];
const FILLED_AND_STROKED = [2, 6];
const INKLESS = [3, 7];
/** Points that a character may stand beyond the page or its clip. */
const SLACK = 0.5;
/** The part of a character's box that must be covered for it to be hidden: thinner bars strike it out. */
const CORE = 0.25;
/** A picture on more of the page than this is the page. */
const WHOLE = 0.5;
const NOWHERE: Area = { left: Infinity, bottom: Infinity, right: -Infinity, top: -Infinity };
/** What pdfium says for patterns in colours of their own. */
const PATTERN_GRAY = 0xbf;

interface Cover {
  areas: readonly Area[];
  /** A picture that is the page, with its text beneath it. */
  isPage: boolean;
  opacity?: Opacity;
}

/** What something painted is to white text over it. */
interface Ground {
  clip: Clip | undefined;
  kind: 'ink' | 'paper' | 'nothing';
}

/** Tells what is seen of a page's text. */
export class TextSights {
  readonly #pdfium: Pdfium;
  readonly #page: SeenPage;
  readonly #shown: Area;
  readonly #paint: PaintIndex;
  readonly #covers = new Map<Painted, Cover | undefined>();
  readonly #grounds = new Map<Painted, Ground>();

  constructor(pdfium: Pdfium, page: SeenPage) {
    this.#pdfium = pdfium;
    this.#page = page;
    this.#shown = grown(page.area, SLACK);
    this.#paint = new PaintIndex(page.objects.painted, page.area);
  }

  /** @param isPlain - its font draws upright letters in the colour of the text, as fonts made of drawings need not */
  of(text: number, isMirrored: boolean, isPlain: boolean): TextSight {
    const { objects } = this.#page;
    const drawn = objects.texts.get(text);
    if (!drawn) return { drawn, clip: undefined, isInkless: false, isWhite: false, isMirrored: false };
    const mode = this.#pdfium._FPDFTextObj_GetTextRenderMode(text);
    const inks = this.#inks(text, mode);
    const clip = objects.clip(text, drawn.within);
    return {
      drawn,
      clip: clip && (isEmpty(grown(clip.area, SLACK)) ? NOWHERE : grown(clip.area, SLACK)),
      isInkless: INKLESS.includes(mode) || (inks.length > 0 && inks.every(isUnseen)),
      isWhite: isPlain && inks.length > 0 && inks.every(isPaper),
      isMirrored: isPlain && isMirrored,
    };
  }

  /** @param box - round a character */
  see({ drawn, clip, isInkless, isWhite, isMirrored }: TextSight, box: Area): Sight {
    const [x, y] = middle(box);
    if (!holds(this.#shown, x, y) || (clip && !holds(clip, x, y)) || isMirrored) return 'hidden';
    if (isInkless) return 'beneath';
    if (!drawn) return 'seen';
    if (this.#paint.last > drawn.order) {
      for (const painted of this.#paint.above(x, y, drawn.order)) {
        const cover = this.#coverOf(painted);
        if (cover && hides(cover, box)) return cover.isPage ? 'beneath' : 'hidden';
      }
    }
    return isWhite && this.#isOnPaper(x, y, drawn.order) ? 'hidden' : 'seen';
  }

  /** The colours that it is drawn with; none when one of them is a pattern. */
  #inks(text: number, mode: number): Colour[] {
    const { objects } = this.#page;
    const inks: (Colour | undefined)[] = [];
    if (!STROKED.includes(mode)) inks.push(objects.fill(text));
    if (STROKED.includes(mode) || FILLED_AND_STROKED.includes(mode)) inks.push(objects.lineColour(text));
    return inks.every((ink) => ink !== undefined) ? inks : [];
  }

  #coverOf(painted: Painted): Cover | undefined {
    if (!this.#covers.has(painted)) this.#covers.set(painted, this.#cover(painted));
    return this.#covers.get(painted);
  }

  /** Where something hides what lies beneath it; undefined where it does not, or that is not sure. */
  #cover(painted: Painted): Cover | undefined {
    const { objects, highlights, opacity } = this.#page;
    if (painted.kind === 'shading' || objects.isBlended(painted)) return undefined;
    const clip = objects.clip(painted.handle, painted.within);
    if (clip && !clip.isExact) return undefined;
    const area = clip ? shared(painted.area, clip.area) : painted.area;
    if (highlights.some((highlight) => isWithin(area, grown(highlight, 2)))) return undefined;
    if (painted.kind === 'picture') {
      const opaque = opacity.of(painted, objects.pictureMatrix(painted));
      const isPage = shareCovered([area], this.#page.area) >= WHOLE;
      return opaque && { areas: [area], isPage, opacity: opaque };
    }
    const { handle } = painted;
    const fill = objects.drawing(handle).isFilled ? objects.fill(handle) : undefined;
    if (!fill || fill[3] < 255 || fill.slice(0, 3).every((part) => part === PATTERN_GRAY)) return undefined;
    const areas = objects.strokes(painted)?.map(rectangle);
    if (!areas?.every((each) => each !== undefined)) return undefined;
    return { areas: clip ? areas.map((each) => shared(each, clip.area)) : areas, isPage: false };
  }

  /** Whether nothing but paper, or white on it, lies beneath a place. */
  #isOnPaper(x: number, y: number, order: number): boolean {
    for (const painted of this.#paint.below(x, y, order)) {
      const { clip, kind } = this.#groundOf(painted);
      if (clip && !holds(clip.area, x, y)) continue;
      if (kind === 'ink') return false;
      // Of a clip that is no rectangle, it is not known whether it shows the paper here.
      if (kind === 'paper' && clip?.isExact !== false) return true;
    }
    return !this.#paint.isSpent;
  }

  /** Asked of pdfium once: many characters stand on one ground. */
  #groundOf(painted: Painted): Ground {
    const known = this.#grounds.get(painted);
    if (known) return known;
    const clip = this.#page.objects.clip(painted.handle, painted.within);
    const ground = { clip, kind: this.#ground(painted) };
    this.#grounds.set(painted, ground);
    return ground;
  }

  #ground(painted: Painted): Ground['kind'] {
    if (painted.kind !== 'path') return 'ink';
    const { objects } = this.#page;
    const { isFilled, isStroked } = objects.drawing(painted.handle);
    const strokes = objects.strokes(painted);
    if (isFilled) {
      const fill = objects.fill(painted.handle);
      if (!fill || !isPaper(fill)) return 'ink';
      const isSheet = !isUnseen(fill) && !objects.isBlended(painted) && strokes?.length === 1;
      return isSheet && strokes.every((stroke) => rectangle(stroke)) ? 'paper' : 'nothing';
    }
    // A bar can be a thick line; a border lies round what is within it, and not beneath.
    const line = isStroked && strokes?.every(({ points }) => points.length === 2);
    const colour = line ? objects.lineColour(painted.handle) : undefined;
    return colour && !isPaper(colour) ? 'ink' : 'nothing';
  }
}

function hides({ areas, opacity }: Cover, box: Area): boolean {
  const inset = { x: (box.right - box.left) * CORE, y: (box.top - box.bottom) * CORE };
  const corners: Point[] = [box.left + inset.x, box.right - inset.x].flatMap((x) => [
    [x, box.bottom + inset.y],
    [x, box.top - inset.y],
  ]);
  return corners.every(
    // A rectangle within a rectangle can be a hole.
    ([x, y]) => areas.filter((area) => holds(area, x, y)).length === 1 && (opacity?.(x, y) ?? true),
  );
}
