import type { Evidence } from '../parts/document.js';
import { Icon } from '../parts/icon.js';
import { isChecked, keyOf, type ReviewedValue } from '../parts/review.js';
import type { ShownAccount } from '../parts/standing.js';
import { supportLevel } from '../parts/support-words.js';
import type { AboutReading } from './special-pages.js';

/** How many values are doubtful that nobody has checked. */
export function countDoubtful(
  accounts: readonly ShownAccount[],
  evidence: Evidence,
  said: ReadonlyMap<string, ReviewedValue>,
): number {
  let count = 0;
  for (const [index, { accountNumber }] of accounts.entries()) {
    for (const [field, { support }] of Object.entries(evidence?.[index]?.support ?? {})) {
      if (support === null || supportLevel(support) !== 'doubtful') continue;
      const value = said.get(keyOf({ account: accountNumber, field }));
      if (!value || !isChecked(value)) count++;
    }
  }
  return count;
}

interface AtAGlanceProps {
  about: AboutReading;
  doubtful: number;
  /** Where doubtful values are checked; undefined for who may not. */
  review: string | undefined;
}

/** What somebody should know before they trust the record, with the way there. */
export function AtAGlance({ about: { failed, notes }, doubtful, review }: AtAGlanceProps) {
  const failedPages = new Set(failed.map(({ page }) => page)).size;
  const firstPages = new Set(notes.filter(({ kind }) => kind === 'few_fields').map(({ page }) => page)).size;
  const all = [
    { count: failedPages, what: 'page', then: ' failed', at: '#special-pages' },
    { count: firstPages, what: 'page', then: ' to look at first', at: '#notes' },
    { count: doubtful, what: 'doubtful value', then: '', at: review },
  ].filter(({ count }) => count > 0);
  if (all.length === 0) return null;
  return (
    <p class="notice at-a-glance">
      <Icon shape="warning" />
      {all.map(({ count, what, then, at }) => {
        const words = `${count} ${what}${count === 1 ? '' : 's'}${then}`;
        return at === undefined ? (
          <span key={words}>{words}</span>
        ) : (
          <a key={words} href={at}>
            {words}
          </a>
        );
      })}
    </p>
  );
}
