import { SIGNIFICANCE_LEVEL } from '../../comparison/agreement.js';
import type { ComparedField, ComparisonKind } from '../../comparison/compare.js';
import { OwnDisagreement, readThrice } from '../../comparison/own-disagreement.js';
import { formatPlan, type ProcessingPlan } from '../../processor/plan.js';
import {
  checkComparable,
  unansweredPages,
  verdictOn,
  type TestResult,
  type UnansweredPage,
  type Verdict,
} from '../figures.js';
import type { RunName, Trial } from '../trials.js';
import { parityFiguresOf, type ParityFigures } from './figures.js';

/** A field that is not the same; for `noise`, `candidate` stands for the control run again. */
export interface Disagreement extends ComparedField {
  comparison: ComparisonKind;
  file: string;
}

export interface DocumentFigures extends ParityFigures {
  file: string;
  /** Pages of a PDF that could not be read, or only in part; the same in all runs. */
  unreadable_pages: Trial['document']['unreadablePages'];
}

/** What `report.json` holds. It holds field values. */
export interface ParityReport extends ParityFigures {
  /** In UTC, ISO 8601. */
  created_at: string;
  model: string;
  plans: { control: string; candidate: string };
  verdict: Verdict;
  /**
   * Between which shares the candidate's own disagreement lies in the mean over documents, page fields, by documents
   * taken as they come. Each end is right in 97.5 % of cases or more; null where no document had fields in all runs.
   */
  own_disagreement_interval: { low: number; high: number } | null;
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
  const whole = parityFiguresOf(trials);
  const unanswered = trials.flatMap(unansweredPages);
  checkComparable(whole, unanswered);
  const planOf = (run: RunName) => trials.map(({ runs }) => nameOf(runs[run].record.plan))[0] ?? '';
  return {
    created_at: createdAt.toISOString(),
    model,
    plans: { control: planOf('control'), candidate: planOf('candidate') },
    verdict: verdictOn(whole),
    ...whole,
    own_disagreement_interval: ownInterval(trials),
    test: { name: 'one-sided sign-flip test', unit: 'page', level: SIGNIFICANCE_LEVEL, ...whole.test },
    documents: trials.map((trial) => ({
      file: trial.document.file,
      unreadable_pages: trial.document.unreadablePages,
      ...parityFiguresOf([trial]),
    })),
    failed_pages: unanswered,
    disagreements: [
      ...trials.flatMap((trial) => disagreements(trial, 'candidate')),
      ...trials.flatMap((trial) => disagreements(trial, 'noise')),
    ],
  };
}

function ownInterval(trials: readonly Trial[]): ParityReport['own_disagreement_interval'] {
  const own = new OwnDisagreement(0, Infinity);
  for (const { fields } of trials) {
    const document = readThrice(fields.candidate, fields.noise);
    if (document) own.add(document);
  }
  return own.interval;
}

/** With the form of answers, where the plan says it. */
function nameOf(plan: ProcessingPlan): string {
  const isFormSaid = plan.path === 'batch' && plan.answerForm !== undefined;
  return isFormSaid ? `${formatPlan(plan)}, answered as ${plan.answerForm}` : formatPlan(plan);
}

function disagreements({ document, fields }: Trial, comparison: ComparisonKind): Disagreement[] {
  return fields[comparison]
    .filter(({ outcome }) => outcome !== 'same')
    .map((field) => ({ comparison, file: document.file, ...field }));
}
