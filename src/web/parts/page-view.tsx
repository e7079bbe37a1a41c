import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { PageWordsAnswer, WordOnPage } from '../../api/page-words.js';
import { addressOf, ROOT } from '../place.js';
import { call, CallError } from '../call.js';
import './page-view.css';
import { boxStyle, WordChoice } from './word-choice.js';

type Box = WordOnPage['box'];

/** Something that is marked on a page. */
export interface Mark {
  /** Fractions of the page, one a line. */
  boxes: readonly Box[];
  /** What stands there. */
  label: string;
  /** `chosen` is what is looked at, `other` stands beside it: told apart by their lines, too. */
  kind: 'chosen' | 'other';
}

export interface PageViewProps {
  /** The document's id. */
  document: string;
  /** The page to begin with; another one leads there. */
  page: number;
  /** Another one leads back to the page to begin with, though that stays the same. */
  asking?: string | undefined;
  /** How many pages the document has. */
  pages: number;
  /** On the page to begin with; the first that is chosen is scrolled to. */
  marks?: readonly Mark[] | undefined;
  /** Told the page that somebody has turned to. */
  onPage?: ((page: number) => void) | undefined;
  /** Told the words of the page that somebody has chosen. Without it, words cannot be chosen. */
  onWord?: ((text: string) => void) | undefined;
}

const NO_MARKS: readonly Mark[] = [];
const ZOOM_STEP = 1.25;
const MOST_ZOOM = 6;
const LEAST_ZOOM = 0.5;
/** Pixels that an arrow key moves the page by. */
const PAN_STEP = 60;
/** As the server draws them. */
const WIDTHS = [480, 800, 1_200, 1_800, 2_400] as const;
const MOST_TRIALS = 2;
/** Height of a page before its picture has come: Letter. */
const USUAL_SHAPE = 11 / 8.5;

/**
 * A page of a document as it is on paper, with what is marked on it: to be zoomed, moved about and turned over, by
 * mouse, finger or keys.
 */
export function PageView({
  document,
  page,
  asking = '',
  pages,
  marks = NO_MARKS,
  onPage,
  onWord,
}: PageViewProps) {
  const view = useRef<HTMLDivElement>(null);
  const [turned, setTurned] = useState({ from: '', page });
  // Leads away until something else is asked for.
  const asked = `${page} ${asking} ${JSON.stringify(marks)}`;
  const shown = turned.from === asked ? turned.page : page;
  const turnTo = (to: number) => {
    if (to < 1 || to > pages) return;
    setTurned({ from: asked, page: to });
    onPage?.(to);
  };
  const [zoom, setZoom] = useState(1);
  const zoomBy = (factor: number) => setZoom((now) => clamp(now * factor, LEAST_ZOOM, MOST_ZOOM));
  const width = useWidth(view);
  useZoomAround(view, zoom, zoomBy);
  const drag = useDrag(view);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !view.current) return;
    const act = keyActions(view.current)[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const keyActions = (element: HTMLElement): Record<string, () => void> => ({
    '+': () => zoomBy(ZOOM_STEP),
    '=': () => zoomBy(ZOOM_STEP),
    '-': () => zoomBy(1 / ZOOM_STEP),
    '0': () => setZoom(1),
    PageDown: () => turnTo(shown + 1),
    PageUp: () => turnTo(shown - 1),
    ArrowLeft: () => element.scrollBy(-PAN_STEP, 0),
    ArrowRight: () => element.scrollBy(PAN_STEP, 0),
    ArrowUp: () => element.scrollBy(0, -PAN_STEP),
    ArrowDown: () => element.scrollBy(0, PAN_STEP),
  });

  return (
    <div class="page-view">
      <div class="page-tools" role="group" aria-label="Page">
        <button
          type="button"
          disabled={shown <= 1}
          onClick={() => turnTo(shown - 1)}
          aria-label="Previous page"
        >
          ‹
        </button>
        <span aria-live="polite">
          Page {shown} of {pages}
        </span>
        <button
          type="button"
          disabled={shown >= pages}
          onClick={() => turnTo(shown + 1)}
          aria-label="Next page"
        >
          ›
        </button>
        <button
          type="button"
          onClick={() => zoomBy(1 / ZOOM_STEP)}
          aria-label="Zoom out"
          title="Zoom out (−)"
        >
          −
        </button>
        <button type="button" onClick={() => zoomBy(ZOOM_STEP)} aria-label="Zoom in" title="Zoom in (+)">
          +
        </button>
        <button type="button" onClick={() => setZoom(1)} title="Fit the width (0)">
          Fit
        </button>
      </div>
      <div
        ref={view}
        class="page-scroll"
        tabIndex={0}
        role="region"
        aria-label={`Picture of page ${shown}. Arrow keys move it, plus and minus zoom, Page Up and Page Down turn over.`}
        onKeyDown={onKeyDown}
        {...drag}
      >
        <PageSheet
          key={shown}
          view={view}
          document={document}
          page={shown}
          asking={asking}
          marks={shown === page ? marks : NO_MARKS}
          width={width * zoom}
          onWord={onWord}
        />
      </div>
    </div>
  );
}

interface PageSheetProps extends Pick<PageViewProps, 'document' | 'page' | 'asking' | 'onWord'> {
  view: { current: HTMLElement | null };
  marks: readonly Mark[];
  /** Pixels. */
  width: number;
}

/** One page: mounted anew for each, so that nothing of another is left. */
function PageSheet({ view, document, page, asking, marks, width, onWord }: PageSheetProps) {
  const sheet = useRef<HTMLDivElement>(null);
  const picture = usePicture(document, page, width);
  const words = useWords(document, page, onWord !== undefined);
  const isDrawn = picture.shape !== undefined;

  const [box] = (marks.find(({ kind }) => kind === 'chosen') ?? marks[0])?.boxes ?? [];
  useLayoutEffect(() => {
    if (view.current && sheet.current) show(view.current, sheet.current, box);
  }, [box?.join(), asking, isDrawn, width > 0]);

  return (
    <div
      ref={sheet}
      class="page-sheet"
      style={{ width: `${width}px`, height: `${width * (picture.shape ?? USUAL_SHAPE)}px` }}
    >
      {picture.address !== undefined && (
        <img
          src={picture.address}
          alt={`Page ${page} as it is on paper`}
          draggable={false}
          onLoad={picture.onLoad}
          onError={picture.onError}
        />
      )}
      {!isDrawn && !picture.problem && <p class="page-wait">The page is being drawn…</p>}
      {picture.problem && (
        <div class="bad page-problem" role="alert">
          <p>{picture.problem.says}</p>
          {picture.problem.isGone ? (
            <p>
              <a href={ROOT.href}>Go to the documents.</a>
            </p>
          ) : (
            <button type="button" onClick={picture.tryAgain}>
              Try again
            </button>
          )}
        </div>
      )}
      {isDrawn && onWord && words.length > 0 && <WordChoice words={words} onWord={onWord} />}
      {isDrawn &&
        marks.flatMap(({ boxes, label, kind }, index) =>
          boxes.map((each, line) => (
            <span
              key={`${index} ${line}`}
              class={`page-mark ${kind}`}
              style={boxStyle(each)}
              {...(line === 0 ? { role: 'img', 'aria-label': `Marked: ${label}` } : { 'aria-hidden': true })}
            />
          )),
        )}
    </div>
  );
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** Brings a place to the middle of what is seen, or else the beginning of the page. */
function show(view: HTMLElement, sheet: HTMLElement, box: Box | undefined): void {
  if (!box) return view.scrollTo(0, 0);
  const [left, top, right, bottom] = box;
  const x = ((left + right) / 2) * sheet.offsetWidth;
  const y = ((top + bottom) / 2) * sheet.offsetHeight;
  view.scrollTo(x - view.clientWidth / 2, y - view.clientHeight / 2);
}

/** How wide a page is that fits, as the window changes. */
function useWidth(view: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = view.current;
    if (!element) return undefined;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width;
}

interface Problem {
  says: string;
  /** It is of no use to ask again. */
  isGone: boolean;
}

interface Picture {
  address: string | undefined;
  /** Height by width, once it has come. */
  shape: number | undefined;
  problem: Problem | undefined;
  onLoad: (event: Event) => void;
  onError: () => void;
  tryAgain: () => void;
}

/** @param shownWidth in the page's pixels, of which a dense screen has more than one */
function usePicture(document: string, page: number, shownWidth: number): Picture {
  const [shape, setShape] = useState<number>();
  const [problem, setProblem] = useState<Problem>();
  const [trial, setTrial] = useState(0);
  const widest = useRef(0);
  const wanted = shownWidth * devicePixelRatio * useFingerZoom();
  const step = WIDTHS.find((width) => width >= wanted) ?? 2_400;
  // What is sharper than needed is there already.
  if (shownWidth > 0) widest.current = Math.max(widest.current, step);
  const path = `api/document/${encodeURIComponent(document)}/page/${page}/picture?width=${widest.current}`;

  /** An image does not tell why it did not come. */
  const onError = () => {
    call(path).catch((error: unknown) => {
      if (!(error instanceof CallError)) throw error;
      // It comes now.
      if (error.status === 200 && trial < MOST_TRIALS) setTrial(trial + 1);
      else setProblem(problemOf(error));
    });
  };
  const onLoad = ({ currentTarget }: Event) => {
    if (!(currentTarget instanceof HTMLImageElement)) return;
    setProblem(undefined);
    setShape(currentTarget.naturalHeight / currentTarget.naturalWidth);
  };
  const tryAgain = () => {
    setProblem(undefined);
    setTrial(trial + 1);
  };
  const address =
    widest.current === 0 || problem ? undefined : addressOf(trial ? `${path}&trial=${trial}` : path);
  return { address, shape, problem, onLoad, onError, tryAgain };
}

/** How far fingers have zoomed the whole window, in steps: a wider picture is worth it only now and then. */
function useFingerZoom(): number {
  const [zoom, setZoom] = useState(1);
  useEffect(() => {
    const { visualViewport: viewport } = window;
    if (!viewport) return undefined;
    const changed = () => setZoom(2 ** Math.ceil(Math.log2(Math.max(viewport.scale, 1))));
    viewport.addEventListener('resize', changed);
    return () => viewport.removeEventListener('resize', changed);
  }, []);
  return zoom;
}

function problemOf({ status, message }: CallError): Problem {
  if (status === 404)
    return {
      says: 'The page is not there any more. Its document was deleted, or it is somebody else’s.',
      isGone: true,
    };
  return { says: status === 200 ? 'The picture of the page cannot be shown.' : message, isGone: false };
}

const NO_WORDS: readonly WordOnPage[] = [];

/** The words of a page, where they are to be chosen from. */
function useWords(document: string, page: number, isWanted: boolean): readonly WordOnPage[] {
  const [words, setWords] = useState(NO_WORDS);
  useEffect(() => {
    if (!isWanted) return undefined;
    const leaving = new AbortController();
    call<PageWordsAnswer>(`api/document/${encodeURIComponent(document)}/page/${page}/words`, {
      signal: leaving.signal,
    }).then(
      (answer) => setWords(answer.words),
      // Words can be typed, too.
      () => undefined,
    );
    return () => leaving.abort();
  }, [document, page, isWanted]);
  return words;
}

/** Zooms by Ctrl and the wheel, and keeps in place what is under the pointer, or in the middle. */
function useZoomAround(
  view: { current: HTMLElement | null },
  zoom: number,
  zoomBy: (factor: number) => void,
): void {
  const latest = useRef(zoomBy);
  latest.current = zoomBy;
  const pointer = useRef<{ x: number; y: number } | undefined>(undefined);
  const before = useRef(zoom);
  useLayoutEffect(() => {
    const element = view.current;
    const factor = zoom / before.current;
    before.current = zoom;
    if (!element || factor === 1) return;
    const { x, y } = pointer.current ?? { x: element.clientWidth / 2, y: element.clientHeight / 2 };
    pointer.current = undefined;
    element.scrollTo((element.scrollLeft + x) * factor - x, (element.scrollTop + y) * factor - y);
  }, [zoom]);
  useEffect(() => {
    const element = view.current;
    if (!element) return undefined;
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      pointer.current = { x: event.clientX - left, y: event.clientY - top };
      latest.current(2 ** (-event.deltaY / 300));
    };
    // Not by a property: those listeners cannot keep the browser from zooming.
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, []);
}

/** Moves the page with the mouse; fingers move it anyway. */
function useDrag(view: { current: HTMLElement | null }) {
  const from = useRef<{ x: number; y: number } | undefined>(undefined);
  return {
    onPointerDown(event: PointerEvent) {
      const { current: element } = view;
      if (event.pointerType !== 'mouse' || event.button !== 0 || !element) return;
      // Buttons, links and scroll bars are for something else.
      const area = element.getBoundingClientRect();
      const isInside =
        event.clientX < area.left + element.clientWidth && event.clientY < area.top + element.clientHeight;
      if (!isInside || (event.target as Element).closest('a, button')) return;
      from.current = { x: event.clientX, y: event.clientY };
      element.setPointerCapture(event.pointerId);
    },
    onPointerMove(event: PointerEvent) {
      if (!from.current) return;
      view.current?.scrollBy(from.current.x - event.clientX, from.current.y - event.clientY);
      from.current = { x: event.clientX, y: event.clientY };
    },
    onPointerUp: () => (from.current = undefined),
    onPointerCancel: () => (from.current = undefined),
  };
}
