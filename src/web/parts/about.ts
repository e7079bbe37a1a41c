import { useEffect, useState } from 'preact/hooks';
import type { About } from '../../api/about.js';
import { call } from '../call.js';

let asked: Promise<About> | undefined;

/** What the server says of itself and of who is looking; undefined until it has. */
export function useAbout(): About | undefined {
  const [about, setAbout] = useState<About>();
  useEffect(() => {
    asked ??= call<About>('api/about');
    asked.then(setAbout, () => (asked = undefined));
  }, []);
  return about;
}

/** Has it asked again, for what has changed: somebody may operate now. */
export function forgetAbout(): void {
  asked = undefined;
}
