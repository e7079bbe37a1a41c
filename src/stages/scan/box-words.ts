import type { CheckBox } from './check-boxes.js';
import type { Area } from './picture.js';
import type { ReadWord } from './read-word.js';

/** How far from a box its label may stand, to the box's side: behind it, as most do, or before it. */
const BEHIND = 2.5;
const BEFORE = 1;
/** What is left of that gap where a label follows, to the size of its print: the mark belongs to the label. */
const WORD_SPACE = 0.3;
const SURE = 95;

/** The words `[x]` or `[`, `]` of boxes that stand beside a word; of others none. */
export function boxWords(boxes: readonly CheckBox[], words: readonly ReadWord[]): ReadWord[] {
  return boxes.flatMap(({ area, isMarked }) => {
    const label = labelOf(area, words);
    if (!label) return [];
    const { baseline, size } = label;
    const end = label.start > area.left ? Math.max(area.right, label.start - WORD_SPACE * size) : area.right;
    const middle = Math.round((area.left + area.right) / 2);
    const word = (text: string, part: Area, from: number, to: number): ReadWord => {
      return { text, area: part, start: from, end: to, baseline, size, confidence: SURE };
    };
    if (isMarked) return word('[x]', area, area.left, end);
    return [
      word('[', { ...area, right: middle }, area.left, middle),
      word(']', { ...area, left: middle }, middle, end),
    ];
  });
}

function labelOf(box: Area, words: readonly ReadWord[]): ReadWord | undefined {
  const side = box.right - box.left;
  const middle = (box.top + box.bottom) / 2;
  const inRow = words.filter(
    ({ area, text }) => area.top < middle && area.bottom > middle && /[\p{L}\p{N}]/u.test(text),
  );
  const behind = inRow
    .filter(({ area }) => area.left >= box.right - 2 && area.left - box.right <= BEHIND * side)
    .toSorted((a, b) => a.area.left - b.area.left);
  const before = inRow
    .filter(({ area }) => area.right <= box.left + 2 && box.left - area.right <= BEFORE * side)
    .toSorted((a, b) => b.area.right - a.area.right);
  return behind[0] ?? before[0];
}
