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

/** Goes to another page of these without loading it anew. */
export function goTo(path: string, { replace = false } = {}): void {
  const address = addressOf(path);
  if (replace) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  window.dispatchEvent(new Event(MOVED));
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
