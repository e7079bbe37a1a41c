import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { DocumentState } from '../../store/search.js';
import { useAbout } from '../parts/about.js';
import { Frame } from '../parts/frame.js';
import { Problem } from '../parts/problem.js';
import { goTo, useAddress } from '../place.js';
import { Deletion } from './deletion.js';
import { DocumentRow } from './document-row.js';
import { useDocuments, type Listed, type Shown } from './documents.js';
import { DropZone } from './drop-zone.js';
import { Following } from './following.js';
import { SearchForm } from './search-form.js';
import { SentFiles } from './sent-files.js';
import './upload.css';
import { useUploads } from './uploads.js';
import { queryFor, WHOSE, WhoseSwitch } from './whose.js';
import { counted, nameOf, stateOf, STATES } from './words.js';

/** Where documents are uploaded, and what has become of them. */
export function UploadPage() {
  const { about } = useAbout();
  const { whose, search, places, onSearch, onPlaces } = useSearch();
  const { name, state } = search;
  const documents = useDocuments({ whose, name, state, after: places.at(-1) });
  const isOwn = whose === 'own';
  const { list, error, reload } = documents;
  const [said, say] = useState('');
  const following = useFollowing(reload);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [deleting, setDeleting] = useState<Listed>();
  const heading = useRef<HTMLHeadingElement>(null);

  useReloadOnUpload(reload, say);
  useSayEnds(list?.documents, say);
  useEffect(() => {
    const wanted = (list?.documents ?? []).map(({ id, status }) => ({
      id,
      isBeingRead: status === 'extracting',
      isOpen: open.has(id),
    }));
    following.want(wanted);
  }, [following, list, open]);

  const onChanged = (says: string) => {
    say(says);
    reload();
  };
  const onOpen = (id: string, isOpen: boolean) =>
    setOpen((before) => {
      if (before.has(id) === isOpen) return before;
      const after = new Set(before);
      if (isOpen) after.add(id);
      else after.delete(id);
      return after;
    });
  const isSearched = name !== '' || state !== '';
  const total = list?.total ?? 0;
  const isEmpty = list?.documents.length === 0 && total === 0;
  const isLast = list?.next === null;
  return (
    <Frame title="Documents">
      <div class="upload">
        <WhoseSwitch shown={whose} />
        {isOwn && <DropZone maxMegabytes={about?.max_megabytes} say={say} />}
        <SentFiles />
        <p class="unseen" role="status">
          {said}
        </p>
        <section aria-labelledby="list">
          <div class="title">
            <h2 id="list" ref={heading} tabIndex={-1} data-takes-focus>
              {WHOSE[whose]}
            </h2>
            {total > 0 && <p class="quiet">{`${counted(total, 'document')}${isSearched ? ' found' : ''}`}</p>}
          </div>
          {(isSearched || (list && !(isEmpty && isLast))) && (
            <SearchForm shown={search} onSearch={onSearch} />
          )}
          {error && <Problem says={error.message} onAgain={reload} />}
          {!list && !error && <p>The documents are being fetched…</p>}
          {isEmpty && <None of={{ isOwn, isSearched, isLast }} onAll={() => onSearch(ALL)} />}
          <ul class="documents">
            {list?.documents.map((document) => (
              <DocumentRow
                key={document.id}
                document={document}
                isOwn={isOwn}
                following={following}
                isOpen={open.has(document.id)}
                onOpen={(isOpen) => onOpen(document.id, isOpen)}
                onChanged={onChanged}
                onDelete={() => setDeleting(document)}
              />
            ))}
          </ul>
          <Pages
            page={places.length + 1}
            next={list?.next ?? undefined}
            onNext={(next) => {
              onPlaces([...places, next]);
              heading.current?.focus();
            }}
            onPrevious={() => {
              onPlaces(places.slice(0, -1));
              heading.current?.focus();
            }}
          />
        </section>
        {deleting && (
          <Deletion
            document={deleting}
            onClosed={() => setDeleting(undefined)}
            onDeleted={() => {
              onChanged(`${nameOf(deleting)}: deleted.`);
              heading.current?.focus();
            }}
          />
        )}
      </div>
    </Frame>
  );
}

type Search = Pick<Shown, 'name' | 'state'>;
const ALL: Search = { name: '', state: '' };

interface Searched {
  whose: Shown['whose'];
  search: Search;
  /** Where each page of the list began, up to the one shown. */
  places: readonly string[];
  onSearch: (search: Search) => void;
  onPlaces: (places: readonly string[]) => void;
}

/** What is looked for, and how far, stands in the address, so that it can be kept and gone back to. */
function useSearch(): Searched {
  const { searchParams } = useAddress();
  const asked = searchParams.get('state');
  const state = (Object.keys(STATES) as DocumentState[]).find((known) => known === asked) ?? '';
  const search: Search = { name: searchParams.get('name') ?? '', state };
  const whose = searchParams.get('whose') === 'others' ? 'others' : 'own';
  const onSearch = useCallback(
    ({ name, state }: Search) => {
      goTo(addressFor(whose, { name, state }, []), { replace: true });
    },
    [whose],
  );
  const onPlaces = (places: readonly string[]) => goTo(addressFor(whose, search, places));
  return { whose, search, places: searchParams.getAll('after'), onSearch, onPlaces };
}

function addressFor(whose: Shown['whose'], { name, state }: Search, places: readonly string[]): string {
  const query = new URLSearchParams({
    ...queryFor(whose),
    ...(name && { name }),
    ...(state && { state }),
  });
  for (const place of places) query.append('after', place);
  const asked = query.toString();
  return asked && `?${asked}`;
}

/** One for as long as the page is shown. */
function useFollowing(onEnd: () => void): Following {
  const ending = useRef(onEnd);
  ending.current = onEnd;
  const [following] = useState(() => new Following(() => ending.current()));
  useEffect(() => () => following.close(), [following]);
  return following;
}

/** Shows what was accepted, and says what was not. */
function useReloadOnUpload(reload: () => void, say: (says: string) => void): void {
  const uploads = useUploads();
  const before = useRef(new Map(uploads.map(({ key, state }) => [key, state])));
  useEffect(() => {
    const changed = uploads.filter(({ key, state }) => before.current.get(key) !== state);
    before.current = new Map(uploads.map(({ key, state }) => [key, state]));
    const says = changed.flatMap(({ file, state, refusal }) => {
      if (state === 'accepted') return `${file.name}: uploaded.`;
      return state === 'refused' ? `${file.name}: ${refusal?.says ?? ''}` : [];
    });
    if (says.length > 0) say(says.join(' '));
    // One that was cancelled may have come all the same.
    if (changed.some(({ state }) => state === 'accepted' || state === 'cancelled')) reload();
  }, [uploads, reload, say]);
}

function useSayEnds(documents: readonly Listed[] | undefined, say: (says: string) => void): void {
  const reading = useRef<ReadonlySet<string>>(new Set());
  useEffect(() => {
    if (!documents) return;
    const ended = documents.filter(({ id, status }) => status !== 'extracting' && reading.current.has(id));
    reading.current = new Set(documents.filter(({ status }) => status === 'extracting').map(({ id }) => id));
    if (ended.length > 0)
      say(ended.map((document) => `${nameOf(document)}: ${STATES[stateOf(document)].says}.`).join(' '));
  }, [documents, say]);
}

interface NoneProps {
  of: { isOwn: boolean; isSearched: boolean; isLast: boolean };
  onAll: () => void;
}

/** What stands in place of a list without documents. */
function None({ of: { isOwn, isSearched, isLast }, onAll }: NoneProps) {
  if (!isLast)
    return <p class="sheet">None is among those that were looked through. Older goes on from there.</p>;
  if (isSearched) return <NoMatch onAll={onAll} />;
  return isOwn ? <Empty /> : <p class="sheet">There is no document for you to check.</p>;
}

function Empty() {
  return (
    <div class="sheet">
      <h3>Nothing is here yet</h3>
      <p>
        Upload a PDF above. You see here how it is read, stage by stage; then open its name to see each value
        beside the page it stands on, and review the doubtful ones.
      </p>
      <p class="quiet">
        No document at hand? Quire has a made one, of three accounts and invented people:
        docs/sample/account-package.pdf.
      </p>
    </div>
  );
}

function NoMatch({ onAll }: { onAll: () => void }) {
  return (
    <p class="sheet">
      No document is like that.{' '}
      <button type="button" onClick={onAll}>
        Show all
      </button>
    </p>
  );
}

interface PagesProps {
  /** From 1. */
  page: number;
  /** What the next page comes after; undefined on the last. */
  next: string | undefined;
  onNext: (next: string) => void;
  onPrevious: () => void;
}

function Pages({ page, next, onNext, onPrevious }: PagesProps) {
  if (page === 1 && next === undefined) return null;
  return (
    <nav class="actions" aria-label="Pages of the list">
      <button type="button" aria-disabled={page === 1} onClick={() => page > 1 && onPrevious()}>
        Newer
      </button>
      <span>Page {page}</span>
      <button
        type="button"
        aria-disabled={next === undefined}
        onClick={() => next !== undefined && onNext(next)}
      >
        Older
      </button>
    </nav>
  );
}
