import { askModel, type Asking, type Model } from '../llm/model.js';
import { ModelFailure, type FailureReason } from '../llm/failure.js';
import { withRetries } from '../llm/retry.js';
import type { Field } from '../llm/wire.js';
import type { Batch } from './batches.js';
import { slippedPages } from './grounding.js';
import { INSTRUCTIONS } from './instructions.js';
import type { Page } from './page.js';

/** A batch that failed this often for passing reasons is asked again page by page. */
const BATCH_FAILURES = 3;

/** A page whose trouble will not go away is asked about this often. */
const LASTING_FAILURES = 2;

/** What came of asking about a page. */
export type PageOutcome = { fields: Field[] } | { failed: FailureReason };

/**
 * Asks about one page alone until there is a usable answer.
 *
 * @param attempts failed or unusable answers after which the page is given up, at least 1
 * @throws the signal's reason on abort; never for a page that was given up
 */
export async function askPage(
  model: Model,
  page: Page,
  attempts: number,
  asking: Asking,
): Promise<PageOutcome> {
  const patience = { failures: attempts, unusable: attempts, lasting: LASTING_FAILURES };
  try {
    return await withRetries(() => askPageOnce(model, page, asking), patience, asking.signal);
  } catch (error) {
    if (error instanceof ModelFailure) return { failed: error.reason };
    throw error;
  }
}

async function askPageOnce(model: Model, page: Page, asking: Asking): Promise<{ fields: Field[] }> {
  const [answer] = await askModel(model, INSTRUCTIONS[page.kind], [page], asking);
  if (!answer) throw new ModelFailure('page_missing');
  if ('fault' in answer) throw new ModelFailure(answer.fault);
  return answer;
}

/** What a batch answered well, and the pages to ask about again, each alone. */
export interface BatchOutcome {
  answered: { page: Page; fields: Field[] }[];
  salvage: Page[];
}

/** Why a call about a batch did not answer all its pages well, so that it or some pages were asked again. */
export type BatchFailure = FailureReason | 'value_slipped';

/**
 * Asks about a batch of two and more pages. Passing failures are tried again; a batch that failed
 * for good, broke off or was refused is left to salvage as a whole, and so is each page that the
 * answer left out, got wrong or mixed up with another (DESIGN, Ten ways a batch goes wrong).
 *
 * @param onCall told after every call, tried again or not, whether it answered all pages well
 * @throws the signal's reason on abort
 */
export async function askBatch(
  model: Model,
  { kind, pages }: Batch,
  asking: Asking,
  onCall?: (failure: BatchFailure | null) => void,
): Promise<BatchOutcome> {
  const patience = { failures: BATCH_FAILURES, unusable: 1, lasting: 1 };
  const ask = async () => {
    try {
      return await askModel(model, INSTRUCTIONS[kind], pages, asking);
    } catch (error) {
      if (error instanceof ModelFailure) onCall?.(error.reason);
      throw error;
    }
  };
  try {
    const answers = await withRetries(ask, patience, asking.signal);
    const suspect = slippedPages(pages, answers);
    const faults = answers.flatMap((answer) => ('fault' in answer ? answer : []));
    onCall?.(faults[0]?.fault ?? (suspect.size > 0 ? 'value_slipped' : null));
    for (const { claimed } of faults) if (claimed !== undefined) suspect.add(claimed);
    const outcome: BatchOutcome = { answered: [], salvage: [] };
    pages.forEach((page, index) => {
      const answer = answers[index];
      if (answer && 'fields' in answer && !suspect.has(page.number)) {
        outcome.answered.push({ page, fields: answer.fields });
      } else {
        outcome.salvage.push(page);
      }
    });
    return outcome;
  } catch (error) {
    if (error instanceof ModelFailure) return { answered: [], salvage: [...pages] };
    throw error;
  }
}
