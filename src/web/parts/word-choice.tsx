import { useRef, useState } from 'preact/hooks';
import type { WordOnPage } from '../../api/page-words.js';

interface WordChoiceProps {
  /** In the order in which the page is read. */
  words: readonly WordOnPage[];
  onWord: (text: string) => void;
}

/** From the word that was begun with to the one that was reached: places in the list. */
interface Range {
  from: number;
  to: number;
}

/** Of a choice, so many boxes are shown: the words chosen are all of it. */
const MOST_SHOWN = 500;

/**
 * Lies over a page and lets its words be chosen: one by a click or tap, several by drawing over them or with Shift; by
 * keys with one button that moves from word to word.
 */
export function WordChoice({ words, onWord }: WordChoiceProps) {
  const layer = useRef<HTMLDivElement>(null);
  const [chosen, choose] = useState<Range>();
  const [cursor, setCursor] = useState<Range>({ from: 0, to: 0 });
  const drawing = useRef<Range | undefined>(undefined);
  const isByKeys = useRef(false);

  const wordAt = (event: PointerEvent): number => {
    const area = layer.current?.getBoundingClientRect();
    if (!area) return -1;
    const x = (event.clientX - area.left) / area.width;
    const y = (event.clientY - area.top) / area.height;
    return words.findIndex(
      ({ box: [left, top, right, bottom] }) => x >= left && x <= right && y >= top && y <= bottom,
    );
  };
  const tell = (range: Range) => {
    choose(range);
    onWord(textIn(words, range));
  };

  const onPointerDown = (event: PointerEvent) => {
    const index = event.button === 0 ? wordAt(event) : -1;
    if (index < 0) return;
    // The mouse moves the page elsewhere.
    event.stopPropagation();
    drawing.current = { from: event.shiftKey && chosen ? chosen.from : index, to: index };
    choose(drawing.current);
    if (event.pointerType === 'mouse') layer.current?.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent) => {
    const index = drawing.current ? wordAt(event) : -1;
    if (!drawing.current || index < 0 || index === drawing.current.to) return;
    drawing.current = { ...drawing.current, to: index };
    choose(drawing.current);
  };
  const onPointerUp = () => {
    if (drawing.current) tell(drawing.current);
    drawing.current = undefined;
  };
  const onPointerCancel = () => {
    drawing.current = undefined;
    choose(undefined);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const to = reached(words, cursor.to, event.key);
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const range = { from: event.shiftKey ? cursor.from : to, to };
    setCursor(range);
    choose(range);
  };

  const here = words[cursor.to];
  const shown = chosen && inOrder(chosen);
  return (
    <div
      ref={layer}
      class="page-words"
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerCancel}
    >
      {shown &&
        words
          .slice(shown.from, Math.min(shown.to, shown.from + MOST_SHOWN) + 1)
          .map(({ box }, index) => (
            <span key={index} class="page-mark word" style={boxStyle(box)} aria-hidden="true" />
          ))}
      {here && (
        <button
          type="button"
          class="page-word"
          style={boxStyle(here.box)}
          aria-label={`Choose words of the page by arrow keys, with Shift for several. Now: ${textIn(words, cursor)}`}
          onKeyDown={onKeyDown}
          onFocus={() => {
            isByKeys.current = true;
            choose(cursor);
          }}
          onClick={() => tell(cursor)}
          ref={(button) => {
            if (button && isByKeys.current) button.scrollIntoView({ block: 'nearest', inline: 'nearest' });
          }}
          onBlur={() => (isByKeys.current = false)}
        />
      )}
      <span class="unseen" role="status">
        {isByKeys.current && chosen ? textIn(words, chosen) : ''}
      </span>
    </div>
  );
}

/** Where something stands on its page, for CSS. */
export function boxStyle([left, top, right, bottom]: WordOnPage['box']) {
  const percent = (fraction: number) => `${fraction * 100}%`;
  return {
    left: percent(left),
    top: percent(top),
    width: percent(right - left),
    height: percent(bottom - top),
  };
}

function inOrder({ from, to }: Range): Range {
  return { from: Math.min(from, to), to: Math.max(from, to) };
}

function textIn(words: readonly WordOnPage[], range: Range): string {
  const { from, to } = inOrder(range);
  return words
    .slice(from, to + 1)
    .map(({ text }) => text)
    .join(' ');
}

/** The word that a key leads to; undefined for another key. */
function reached(words: readonly WordOnPage[], from: number, key: string): number | undefined {
  const last = words.length - 1;
  switch (key) {
    case 'ArrowRight':
      return Math.min(from + 1, last);
    case 'ArrowLeft':
      return Math.max(from - 1, 0);
    case 'ArrowDown':
      return nextLine(words, from, 1);
    case 'ArrowUp':
      return nextLine(words, from, -1);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return undefined;
  }
}

/** The word nearest above or below. */
function nextLine(words: readonly WordOnPage[], from: number, way: 1 | -1): number {
  const start = words[from];
  if (!start) return from;
  const [x, y] = middle(start);
  const height = start.box[3] - start.box[1];
  let best = from;
  let least = Infinity;
  for (const [index, word] of words.entries()) {
    const [otherX, otherY] = middle(word);
    const down = (otherY - y) * way;
    if (down < height * 0.6) continue;
    // A line further is further than anything in the next one.
    const distance = Math.round(down / Math.max(height, 0.005)) + Math.abs(otherX - x);
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}

function middle({ box: [left, top, right, bottom] }: WordOnPage): [x: number, y: number] {
  return [(left + right) / 2, (top + bottom) / 2];
}
