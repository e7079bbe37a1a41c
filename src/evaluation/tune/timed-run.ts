import { UsageLedger } from '../../llm/usage.js';
import type { ParityDocument } from '../parity/documents.js';
import type { ProcessingPlan } from '../../processor/plan.js';
import { makespan } from '../../processor/schedule.js';
import type { Quire } from '../../quire.js';
import { runPipeline } from '../../stages/pipeline.js';
import type { DocumentRecord } from '../../stages/record.js';

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
}

/** Reads a document under a plan, and times its calls. */
export async function timeRun(
  { processor, prices }: Quire,
  { texts }: ParityDocument,
  plan: ProcessingPlan,
): Promise<TimedRun> {
  const calls: TimedCall[] = [];
  const source = () => ({ texts, totalPages: texts.size, ocrPages: [], unreadablePages: [] });
  const record = await runPipeline(processor, source, {
    plan,
    usage: new UsageLedger(prices),
    signal: new AbortController().signal,
    emit: (event) => {
      if (event.type === 'call_ended') calls.push({ startedAt: performance.now() - event.ms, ms: event.ms });
    },
  });
  return { record, calls: calls.sort((a, b) => a.startedAt - b.startedAt) };
}

/** From the first start of a call to the last end, in milliseconds; 0 without calls. */
export function measuredMs(calls: readonly TimedCall[]): number {
  const [first] = calls;
  if (!first) return 0;
  return Math.max(...calls.map(({ startedAt, ms }) => startedAt + ms)) - first.startedAt;
}

/**
 * How long the same calls would take with fewer at once. Waits between two attempts, or for room within a
 * rate limit, fall to fewer workers too, so that it is never less than was measured with the most.
 *
 * @param calls of a run, in the order of their starts
 * @param workers calls at once, from 1
 * @returns milliseconds
 */
export function replayedMs(calls: readonly TimedCall[], workers: number): number {
  const durations = calls.map(({ ms }) => ms);
  return Math.max(measuredMs(calls), makespan(durations, workers));
}
