import { compareRecords, type ComparedField, type ComparisonKind } from '../comparison/compare.js';
import { UsageLedger } from '../llm/usage.js';
import { SINGLE_PAGE, type BatchPlan, type ProcessingPlan } from '../processor/plan.js';
import { createQuire, type Quire } from '../quire.js';
import type { Settings } from '../settings.js';
import { runPipeline } from '../stages/pipeline.js';
import type { DocumentRecord } from '../stages/record.js';
import { readDocuments, type TrialDocument } from './documents.js';
import { writeError } from './report/terminal.js';

/** The runs of a document, in their order. The second control shows how far the model agrees with itself. */
export const RUNS = ['control', 'control_again', 'candidate'] as const;
export type RunName = (typeof RUNS)[number];

/** One call to the model, as it went. */
export interface TimedCall {
  /** On the clock of the process, in milliseconds. */
  startedAt: number;
  /** From its start to the end of its body, in milliseconds. */
  ms: number;
}

/** A document read once under a plan. */
export interface TimedRun {
  record: DocumentRecord;
  /** In the order of their starts, failed ones included. */
  calls: readonly TimedCall[];
  /** Of two pages and more; and those that needed salvage. */
  batches: { all: number; salvaged: number };
}

/** A document and what each run made of it. */
export interface Trial {
  document: TrialDocument;
  runs: Record<RunName, TimedRun>;
  /** The control compared with the candidate, and with the control run again. */
  fields: Record<ComparisonKind, ComparedField[]>;
}

/** What the candidates are held against. */
export interface Control {
  /** What progress calls it. */
  name: string;
  plan: ProcessingPlan;
}

/** A plan that is held against the control. */
export interface Candidate extends Control {
  plan: BatchPlan;
}

/** A candidate's trials, one for each document. The runs of the control are the same for all candidates. */
export interface CandidateTrials extends Candidate {
  trials: Trial[];
}

/**
 * Reads each document under the control's plan, under it again, and under the plan of each candidate, with the model
 * that the settings name: one run after the other, so that no run takes calls from another.
 *
 * @returns the trials, and the model by the name people know it by
 * @throws {TrialError} naming every file that cannot be read, {SettingsError} for settings that cannot be used
 */
export async function runTrials(
  files: readonly string[],
  control: Control,
  candidates: readonly Candidate[],
  settings: Settings,
): Promise<{ model: string; tried: CandidateTrials[] }> {
  // Made first: settings that cannot be used are reported before minutes of OCR, and no call is paid for
  // before every file has been read.
  const quire = await createQuire({ plan: SINGLE_PAGE });
  try {
    const tried = candidates.map((candidate): CandidateTrials => ({ ...candidate, trials: [] }));
    for (const document of await readDocuments(files, settings)) {
      const read = (name: string, plan: ProcessingPlan) => {
        writeError(`${document.file}: ${name}`);
        return timeRun(quire, document, plan);
      };
      const controls = {
        control: await read(control.name, control.plan),
        control_again: await read(`${control.name} again`, control.plan),
      };
      for (const { name, plan, trials } of tried) {
        const runs = { ...controls, candidate: await read(name, plan) };
        const fields = {
          candidate: compareRecords(runs.control.record, runs.candidate.record),
          noise: compareRecords(runs.control.record, runs.control_again.record),
        };
        trials.push({ document, runs, fields });
      }
    }
    return { model: quire.modelName, tried };
  } finally {
    await quire.close();
  }
}

/** Reads a document under a plan, and times its calls. */
export async function timeRun(
  { processor, prices }: Quire,
  { texts }: TrialDocument,
  plan: ProcessingPlan,
): Promise<TimedRun> {
  const calls: TimedCall[] = [];
  const batches = { all: 0, salvaged: 0 };
  const source = () => ({ texts, totalPages: texts.size, ocrPages: [], unreadablePages: [] });
  const record = await runPipeline(processor, source, {
    plan,
    usage: new UsageLedger(prices),
    signal: new AbortController().signal,
    emit: (event) => {
      if (event.type === 'call_ended') calls.push({ startedAt: performance.now() - event.ms, ms: event.ms });
      const isSalvaged = event.type === 'salvage_started';
      if (isSalvaged) batches.salvaged++;
      if (isSalvaged || (event.type === 'batch_checked' && event.failure === null)) batches.all++;
    },
  });
  return { record, calls: calls.sort((a, b) => a.startedAt - b.startedAt), batches };
}
