import type { Box, Place } from './words.js';

/** How the characters of a laid out text stand for the page: about so many columns and rows. */
const COLUMNS = 120;
const ROWS = 60;
/** A label and its value may have so many signs and spaces between them. */
const MAX_BETWEEN = 200;

/**
 * Measures how far from the nearest of its labels a value stands: 0 right behind one on its line, otherwise the
 * gap to a label to its left or above it, in fractions of the page; Infinity with a label at neither side.
 */
export function distanceFrom(labels: readonly Place[], text: string): (place: Place) => number {
  const boxInText = textBoxes(text);
  const near = labels.map((label) => ({ label, box: label.boxes.at(-1) ?? boxInText(label) }));
  return (place) => {
    const box = place.boxes[0] ?? boxInText(place);
    return near.reduce(
      (least, { label, box: labelBox }) =>
        Math.min(least, isBehind(place, label, text) ? 0 : gap(labelBox, box)),
      Infinity,
    );
  };
}

function isBehind(place: Place, label: Place, text: string): boolean {
  const between = place.start - label.end;
  if (between < 0 || between > MAX_BETWEEN) return false;
  return !/[\p{L}\p{N}\n]/u.test(text.slice(label.end, place.start));
}

function gap(label: Box, value: Box): number {
  const lower = (value.top + value.bottom - label.top - label.bottom) / 2;
  const height = Math.max(value.bottom - value.top, label.bottom - label.top);
  if (Math.abs(lower) < height / 2) {
    return label.left < value.left ? Math.max(value.left - label.right, 0) : Infinity;
  }
  const isBelow = lower > 0 && label.left < value.right && label.right > value.left;
  return isBelow ? Math.max(value.top - label.bottom, 0) : Infinity;
}

/** Boxes by the place in the text, whose lines and columns are about those of the page. */
function textBoxes(text: string): (place: Place) => Box {
  const lineStarts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  return ({ start, end }) => {
    const row = lineStarts.findLastIndex((lineStart) => lineStart <= start);
    const lineStart = lineStarts[row] ?? 0;
    return {
      left: (start - lineStart) / COLUMNS,
      top: row / ROWS,
      right: (Math.min(end, lineStarts[row + 1] ?? end) - lineStart) / COLUMNS,
      bottom: (row + 1) / ROWS,
    };
  };
}
