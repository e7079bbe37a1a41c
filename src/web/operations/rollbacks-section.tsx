import type { Overview, RollbackForOps } from '../../api/overview.js';
import type { Part } from './asked.js';
import { Section } from './section.js';

const NAMES: Readonly<Record<RollbackForOps['rollback'], string>> = {
  full_revert: 'Full revert',
  shrink: 'Shrink',
  batch_only: 'Batch-only',
};

/** What each rollback would change now, and how it is done. */
export function RollbacksSection({ part }: { part: Part<Overview> }) {
  return (
    <Section title="What each rollback would change" part={part}>
      {({ rollbacks }) => (
        <>
          <div class="cards">
            {rollbacks.map(({ rollback, changes, says, how }) => (
              <article key={rollback}>
                <h3>{NAMES[rollback]}</h3>
                <p>{says}</p>
                {changes && <p class="quiet">{how}</p>}
              </article>
            ))}
          </div>
          <p class="quiet">
            Documents being read keep their plan. Where Unleash itself is out: set QUIRE_FORCE_SINGLE_PAGE=1
            and start again. The commands for each flip are in docs/rollout.md.
          </p>
        </>
      )}
    </Section>
  );
}
