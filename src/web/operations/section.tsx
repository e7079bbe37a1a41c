import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { Part } from './asked.js';

interface SectionProps<Answer> {
  title: string;
  part: Part<Answer>;
  children: (answer: Answer) => ComponentChildren;
}

/** A part of the page: what cannot be read is said here, and keeps no other part from being shown. */
export function Section<Answer>({ title, part: { answer, error }, children }: SectionProps<Answer>) {
  const heading = useId();
  return (
    <section class="sheet" aria-labelledby={heading}>
      <h2 id={heading} tabIndex={-1} data-takes-focus>
        {title}
      </h2>
      {error !== undefined && (
        <p class="bad">
          {error} {answer !== undefined && 'What stands here is from before.'}
        </p>
      )}
      {answer === undefined && error === undefined && <p class="quiet">Asking…</p>}
      {answer !== undefined && children(answer)}
    </section>
  );
}

/** What is wider than the page scrolls in itself; by the keyboard, too. */
export function Wide({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="wide" role="region" aria-label={`${label}, table`} tabIndex={0}>
      {children}
    </div>
  );
}

/** Pairs of a name and what there is to say of it. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, fact: ComponentChildren])[] }) {
  return (
    <dl>
      {facts.map(([name, fact]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{fact}</dd>
        </div>
      ))}
    </dl>
  );
}
