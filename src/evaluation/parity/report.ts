import { SIGNIFICANCE_LEVEL } from '../../comparison/agreement.js';
import type { ComparedField, ComparisonKind } from '../../comparison/compare.js';
import { formatPlan } from '../../processor/plan.js';
import {
  checkComparable,
  figuresOf,
  unansweredPages,
  verdictOn,
  type Figures,
  type TestResult,
  type UnansweredPage,
  type Verdict,
} from '../figures.js';
import type { RunName, Trial } from '../trials.js';

/** A field that is not the same; for `noise`, `candidate` stands for the control run again. */
export interface Disagreement extends ComparedField {
  comparison: ComparisonKind;
  file: string;
}

export interface DocumentFigures extends Figures {
  file: string;
  /** Pages of a PDF that could not be read, or only in part; the same in all runs. */
  unreadable_pages: Trial['document']['unreadablePages'];
}

/** What `report.json` holds. It holds field values. */
export interface ParityReport extends Figures {
  /** In UTC, ISO 8601. */
  created_at: string;
  model: string;
  plans: { control: string; candidate: string };
  verdict: Verdict;
  test: TestResult & { name: string; unit: 'page'; level: number };
  documents: DocumentFigures[];
  failed_pages: UnansweredPage[];
  disagreements: Disagreement[];
}

/**
 * Works out what three runs of the same documents say about the candidate's plan.
 *
 * @param trials at least one
 * @throws {TrialError} when the control gave nothing to compare with
 */
export function buildReport(model: string, trials: readonly Trial[], createdAt: Date): ParityReport {
  const whole = figuresOf(trials);
  const unanswered = trials.flatMap(unansweredPages);
  checkComparable(whole, unanswered);
  const planOf = (run: RunName) => trials.map(({ runs }) => formatPlan(runs[run].record.plan))[0] ?? '';
  return {
    created_at: createdAt.toISOString(),
    model,
    plans: { control: planOf('control'), candidate: planOf('candidate') },
    verdict: verdictOn(whole),
    ...whole,
    test: { name: 'one-sided sign-flip test', unit: 'page', level: SIGNIFICANCE_LEVEL, ...whole.test },
    documents: trials.map((trial) => ({
      file: trial.document.file,
      unreadable_pages: trial.document.unreadablePages,
      ...figuresOf([trial]),
    })),
    failed_pages: unanswered,
    disagreements: [
      ...trials.flatMap((trial) => disagreements(trial, 'candidate')),
      ...trials.flatMap((trial) => disagreements(trial, 'noise')),
    ],
  };
}

function disagreements({ document, fields }: Trial, comparison: ComparisonKind): Disagreement[] {
  return fields[comparison]
    .filter(({ outcome }) => outcome !== 'same')
    .map((field) => ({ comparison, file: document.file, ...field }));
}
