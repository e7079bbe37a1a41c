import { formatPlan, type PlanChoice } from '../../src/processor/plan.js';
import { lowerBounds, rateBound, sum } from './bounds.js';
import type { JournalEntry, ProviderSetup } from './provider-model.js';
import type { ProviderProcess } from './provider-process.js';
import type { Task } from './run.js';

/** Calls that one process makes at once: the default of `LLM_MAX_CONCURRENCY`. */
const MOST_AT_ONCE = 20;

/** USD per million tokens; those of the seed, and the usual price of a cached token: a tenth. */
export const PRICES = { input: 3, cached: 0.3, output: 15 };

/** A way to process, by the name it has in the tables. */
export interface Path {
  name: string;
  path: Task['path'];
  /** Calls at once for one document. */
  workers: number;
  isOneByOne?: boolean;
}

/** A run and what it comes to. */
export interface Measurement {
  name: string;
  ms: number;
  /** Time divided by the least time in which its calls could have been made. */
  overBound: { divisible: number; whole: number };
  calls: number;
  turnedDown: { inFirstMinute: number; later: number };
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  costUsd: number;
  identical: string;
  cpuMsPerPage: number;
  peakMb: number;
  sentKb: number;
  journal: JournalEntry[];
}

export function quire(name: string, choice: PlanChoice): Path {
  const workers = choice.path === 'batch' ? (choice.maxWorkers ?? MOST_AT_ONCE) : 1;
  return { name: name || formatPlan(choice), path: { quire: choice }, workers };
}

export async function measure(
  provider: ProviderProcess,
  { name, path, workers, isOneByOne = false }: Path,
  documents: Task['documents'],
  setup: ProviderSetup,
  pages: number,
): Promise<Measurement> {
  const { outcome, journal } = await provider.run({ documents, path, isOneByOne, setup });
  const calls = journal.filter(({ status }) => status === 200);
  const durations = calls.map(({ startedAt, endedAt }) => endedAt - startedAt);
  const atOnce = isOneByOne ? workers : Math.min(MOST_AT_ONCE, workers * outcome.documents);
  const bounds = lowerBounds(durations, atOnce);
  const { limits } = setup;
  // The last call, once it was let through, still takes its time.
  const paced = limits ? rateBound(calls, limits) + Math.min(...durations) : 0;
  const begin = Math.min(...journal.map(({ startedAt }) => startedAt));
  const refused = journal.filter(({ status }) => status === 429);
  const inFirstMinute = refused.filter(
    ({ startedAt }) => startedAt - begin <= (limits?.minuteMs ?? 0),
  ).length;
  const tokens = (of: 'promptTokens' | 'cachedTokens' | 'completionTokens') =>
    sum(calls.map((call) => call[of]));
  const [prompt, cached, completion] = [
    tokens('promptTokens'),
    tokens('cachedTokens'),
    tokens('completionTokens'),
  ];
  return {
    name,
    ms: outcome.ms,
    overBound: {
      divisible: outcome.ms / Math.max(bounds.divisible, paced),
      whole: outcome.ms / Math.max(bounds.whole, paced),
    },
    calls: calls.length,
    turnedDown: { inFirstMinute, later: refused.length - inFirstMinute },
    promptTokens: prompt,
    cachedTokens: cached,
    completionTokens: completion,
    costUsd:
      ((prompt - cached) * PRICES.input + cached * PRICES.cached + completion * PRICES.output) / 1_000_000,
    identical: `${Math.round((100 * outcome.identical) / outcome.documents)} %`,
    cpuMsPerPage: outcome.cpuMs / pages,
    peakMb: outcome.peakBytes / 1_000_000,
    sentKb: sum(journal.map(({ bytes }) => bytes)) / 1_000,
    journal,
  };
}
