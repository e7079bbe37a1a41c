import { useEffect, useState } from 'preact/hooks';

/** Where the pages are mounted, with a slash at its end. */
export const ROOT = new URL(document.body.dataset.root ?? './', location.href);

/** What the address shows. */
export type Place =
  | { page: 'upload' }
  | { page: 'operations' }
  | { page: 'record' | 'review' | 'compare' | 'print'; id: string }
  | { page: 'unknown' };

/** The address of a page or of a route, from a path below where the pages are mounted. */
export function addressOf(path: string): string {
  return new URL(path, ROOT).href;
}

export function placeOf(address: URL): Place {
  if (!address.pathname.startsWith(ROOT.pathname)) return { page: 'unknown' };
  const [first = '', id, second] = address.pathname.slice(ROOT.pathname.length).split('/');
  if (first === '') return { page: 'upload' };
  if (first === 'operations') return { page: 'operations' };
  if (first !== 'document' || !id) return { page: 'unknown' };
  if (second === undefined || second === '') return { page: 'record', id };
  if (second === 'review' || second === 'compare' || second === 'print') return { page: second, id };
  return { page: 'unknown' };
}

const MOVED = 'quire:moved';
let isMoved = false;

/** Whether what is shown was come to from another of these pages, and was not loaded as the first. */
export function hasMoved(): boolean {
  return isMoved;
}

/** Goes to another page of these without loading it anew. */
export function goTo(path: string, { replace = false } = {}): void {
  const address = addressOf(path);
  if (replace) history.replaceState(null, '', address);
  else {
    const left: Left = { scrolledTo: window.scrollY };
    history.replaceState({ ...(history.state as object | null), ...left }, '');
    history.pushState(null, '', address);
    isMoved = true;
    window.scrollTo(0, 0);
  }
  window.dispatchEvent(new Event(MOVED));
}

/** How a page was left. */
interface Left {
  scrolledTo: number;
}

const BY_A_PERSON = ['wheel', 'touchstart', 'pointerdown', 'keydown'];

window.addEventListener('popstate', ({ state }: PopStateEvent) => {
  isMoved = true;
  const top = (state as Partial<Left> | null)?.scrolledTo ?? 0;
  if (top > 0) scrollOnceThere(top);
});

/** The browser scrolls back at once, but what is fetched anew makes the page long enough only later. */
function scrollOnceThere(top: number): void {
  const over = new AbortController();
  const { signal } = over;
  const observer = new ResizeObserver(() => {
    if (document.documentElement.scrollHeight - window.innerHeight < top) return;
    window.scrollTo(0, top);
    over.abort();
  });
  observer.observe(document.body);
  signal.addEventListener('abort', () => observer.disconnect());
  for (const event of [...BY_A_PERSON, 'popstate', MOVED])
    window.addEventListener(event, () => over.abort(), { signal, passive: true });
}

/** The address as it is now; what is shown is drawn again when it changes. */
export function useAddress(): URL {
  const [address, setAddress] = useState(location.href);
  useEffect(() => {
    const changed = () => setAddress(location.href);
    for (const event of ['popstate', MOVED]) window.addEventListener(event, changed);
    return () => {
      for (const event of ['popstate', MOVED]) window.removeEventListener(event, changed);
    };
  }, []);
  return new URL(address);
}
