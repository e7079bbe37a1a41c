import type { AriaRole } from 'preact';
import { cutText } from './long-text.js';
import { pagesInWords, type Standing } from './standing.js';

const PART_MOST = 200;

interface NotFoundProps extends Pick<Standing, 'missing' | 'sources'> {
  role?: AriaRole;
}

/** Parts of a value that do not stand on its pages word for word. */
export function NotFound({ missing, sources, role }: NotFoundProps) {
  return missing.map((part) => (
    <p key={part} class="notice" role={role}>
      “<bdi>{cutText(part, PART_MOST)}</bdi>” was not found on {pagesInWords(sources) || 'its page'} word for
      word. Look whether it stands there in another writing.
    </p>
  ));
}
