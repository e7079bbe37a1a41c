import { useEffect, useRef, useState } from 'preact/hooks';
import { cutText, spokenName } from '../parts/long-text.js';
import { NotFound } from '../parts/not-found.js';
import { PageView } from '../parts/page-view.js';
import { keyOf } from '../parts/review.js';
import type { Standing } from '../parts/standing.js';
import type { ChosenValue } from './fields.js';

/** What is looked at: a value where it stands, or a page as a whole. */
export type Looked = { page: number } | { page: number; of: ChosenValue; value: string; standing: Standing };

interface ViewerProps {
  /** The document's id. */
  document: string;
  pages: number;
  looked: Looked;
  /** Grows with each time that something is asked for, and be it the same. */
  asking: number;
  /** Whether who looks has no mouse in hand: the picture has the keys then. */
  isByKeys: boolean;
  /** Told the page that somebody turns to. */
  onPage: (page: number) => void;
  onClose: () => void;
}

const NARROW = '(max-width: 60rem)';

/** The picture of a page beside the record, or over it where there is no room. */
export function Viewer({ document, pages, looked, asking, isByKeys, onPage, onClose }: ViewerProps) {
  const isNarrow = useMatches(NARROW);
  const box = useRef<HTMLElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isNarrow) dialog.current?.showModal();
  }, [isNarrow]);
  useEffect(() => {
    if (isByKeys) box.current?.querySelector<HTMLElement>('.page-scroll')?.focus();
  }, [asking, isByKeys]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onClose();
  };
  const inside = (
    <section ref={box} class="viewer" aria-label="Picture of a page" onKeyDown={onKeyDown}>
      {'value' in looked ? (
        <OfValue
          key={keyOf(looked.of)}
          document={document}
          pages={pages}
          looked={looked}
          asking={asking}
          onPage={onPage}
          onClose={onClose}
        />
      ) : (
        <>
          <Head title={`Page ${looked.page}`} onClose={onClose} />
          <PageView
            document={document}
            page={looked.page}
            asking={`${asking}`}
            pages={pages}
            onPage={onPage}
          />
        </>
      )}
    </section>
  );
  if (!isNarrow) return inside;
  return (
    <dialog ref={dialog} class="viewer-over" aria-label="Picture of a page" onClose={onClose}>
      {inside}
    </dialog>
  );
}

interface OfValueProps extends Omit<ViewerProps, 'looked' | 'isByKeys'> {
  looked: Extract<Looked, { of: ChosenValue }>;
}

function OfValue({ document, pages, looked, asking, onPage, onClose }: OfValueProps) {
  const { page: shown, of, value, standing } = looked;
  const { stops, missing, sources, isKnown } = standing;
  return (
    <>
      <Head title={spokenName(of.field)} onClose={onClose} />
      <p class="looked-value" dir="auto">
        {cutText(value, VALUE_MOST)}
      </p>
      {stops.length > 1 && (
        <p class="actions">
          {stops.map(({ page }) => (
            <button key={page} type="button" aria-pressed={page === shown} onClick={() => onPage(page)}>
              Page {page}
            </button>
          ))}
        </p>
      )}
      <NotFound missing={missing} sources={sources} role="status" />
      {!isKnown && (
        <p class="quiet">An earlier version read this document: where its values stand is not known.</p>
      )}
      <PageView
        document={document}
        page={shown}
        asking={`${asking}`}
        pages={pages}
        marks={stops.find(({ page }) => page === shown)?.marks}
        onPage={onPage}
      />
    </>
  );
}

const VALUE_MOST = 200;
const TITLE_MOST = 80;

function Head({ title, onClose }: { title: string; onClose: () => void }) {
  return (
    <div class="viewer-head">
      <h2>
        <bdi>{cutText(title, TITLE_MOST)}</bdi>
      </h2>
      <button type="button" onClick={onClose}>
        Close
      </button>
    </div>
  );
}

function useMatches(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const changed = () => setMatches(list.matches);
    list.addEventListener('change', changed);
    return () => list.removeEventListener('change', changed);
  }, [query]);
  return matches;
}
