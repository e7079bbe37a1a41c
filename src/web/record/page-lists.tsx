import type { ComponentChildren } from 'preact';
import { failureWords } from '../parts/failure-words.js';
import { LongText } from '../parts/long-text.js';
import type { AboutReading } from './special-pages.js';

interface PageListsProps {
  about: AboutReading;
  onPage: (page: number, isByKeys: boolean) => void;
  /** What can be done about pages that failed. */
  retry: ComponentChildren;
}

/** The pages that are special in some way: which, why, and how they look. */
export function PageLists({ about: { failed, lists }, onPage, retry }: PageListsProps) {
  if (failed.length === 0 && lists.length === 0) return null;
  return (
    <section class="sheet" aria-labelledby="special-pages">
      <h2 id="special-pages">Pages to know about</h2>
      {failed.length > 0 && (
        <div class="page-list">
          <h3>Failed pages</h3>
          <p>The record lacks them, or has only a part of them.</p>
          <ul class="failed">
            {failed.map(({ page, account, reason, said }) => (
              <li key={`${page} ${reason}`}>
                <PageButton page={page} onPage={onPage} /> failed because {failureWords(reason)}.
                {account !== null && (
                  <>
                    {' '}
                    Account <LongText text={account} most={60} />.
                  </>
                )}
                {said.map((detail) => (
                  <p key={detail} class="quiet">
                    The model service said: <LongText text={detail} />
                  </p>
                ))}
              </li>
            ))}
          </ul>
          {retry}
        </div>
      )}
      {lists.map(({ title, pages, told }) => (
        <div key={title} class="page-list">
          <h3>{title}</h3>
          <p>{told}</p>
          <p class="actions">
            {pages.map((page) => (
              <PageButton key={page} page={page} onPage={onPage} />
            ))}
          </p>
        </div>
      ))}
    </section>
  );
}

/** Shows a page. */
export function PageButton({ page, onPage }: { page: number } & Pick<PageListsProps, 'onPage'>) {
  return (
    <button
      type="button"
      class="page-button"
      title="Show the page"
      onClick={({ detail }) => onPage(page, detail === 0)}
    >
      Page {page}
    </button>
  );
}
