import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { addressOf, hasMoved, placeOf, ROOT } from '../place.js';
import { useAbout } from './about.js';
import { useKeptFocus } from './kept-focus.js';

interface FrameProps {
  /** Of the page: its heading and the tab. */
  title: string;
  /** Of the tab, where another page of the same heading is to be told from it. */
  tab?: string;
  /** What stands beside the heading. */
  beside?: ComponentChildren;
  children: ComponentChildren;
}

/** What all pages have around them. */
export function Frame({ title, tab = title, beside, children }: FrameProps) {
  const { about, error } = useAbout();
  const heading = useRef<HTMLHeadingElement>(null);
  const main = useRef<HTMLElement>(null);
  // What had the focus went away with the page before, or with what stood here until the document came.
  useLayoutEffect(() => {
    if (hasMoved() && document.activeElement === document.body)
      heading.current?.focus({ preventScroll: true });
  }, []);
  useKeptFocus(main);
  useEffect(() => {
    document.title = `${tab} · Quire`;
  }, [tab]);
  const { page } = placeOf(new URL(location.href));
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href={ROOT.href}>
          Quire
        </a>
        <nav aria-label="Pages">
          <a href={ROOT.href} aria-current={page === 'upload' ? 'page' : undefined}>
            Documents
          </a>
          {about?.may_operate && (
            <a href={addressOf('operations')} aria-current={page === 'operations' ? 'page' : undefined}>
              Operations
            </a>
          )}
        </nav>
        {about && (
          <p class="quiet model">
            Model <strong>{about.model}</strong>
          </p>
        )}
      </header>
      {about?.is_embedded && (
        <p class="notice" role="note">
          No language model is set up: the embedded model (rules, no key) is reading. It is for trying Quire
          out.
        </p>
      )}
      {error && (
        <p class="notice" role="alert">
          The server has not said how it is set up. {error.message}
        </p>
      )}
      <main id="main" ref={main} tabIndex={-1}>
        <div class="title">
          <h1 ref={heading} tabIndex={-1} dir="auto" data-takes-focus>
            {title}
          </h1>
          {beside}
        </div>
        {children}
      </main>
    </>
  );
}
