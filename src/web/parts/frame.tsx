import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { addressOf, ROOT } from '../place.js';
import { useAbout } from './about.js';

interface FrameProps {
  /** Of the page: its heading and the tab. */
  title: string;
  /** What stands beside the heading. */
  beside?: ComponentChildren;
  children: ComponentChildren;
}

/** What all pages have around them. */
export function Frame({ title, beside, children }: FrameProps) {
  const about = useAbout();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Quire`;
  }, [title]);
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
          <a href={ROOT.href}>Documents</a>
          {about?.may_operate && <a href={addressOf('operations')}>Operations</a>}
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
      <main id="main" tabIndex={-1}>
        <div class="title">
          <h1 ref={heading}>{title}</h1>
          {beside}
        </div>
        {children}
      </main>
    </>
  );
}
