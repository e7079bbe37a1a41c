import { outputPerPage, type Model } from '../llm/request.js';
import { ModelService } from '../llm/service.js';
import { evenSizes, OVERHEAD_TOKENS } from './batches.js';
import { MOST_WORKERS, type AutoPlan, type BatchPlan } from './plan.js';
import { makespan } from './schedule.js';

/** Before anything was measured: what the plan this project grew from recommends to start with. */
const UNMEASURED: BatchPlan = { path: 'batch', batchSize: 2, maxWorkers: 3 };

/** A batch that fails costs a call for each of its pages, so that the largest are not tried unasked. */
const MOST_PAGES = 5;

/** Where the number of pages is not known in time: the document the project's figures are for. */
const USUAL_PAGES = 10;

/** So much longer than the shortest time is given for fewer calls. */
const TOLERANCE = 1.05;

/** The time of more calls than this is that of all of them shared out evenly. */
const MOST_CALLS = 1_000;

/** What is planned, and beside what. */
export interface Work {
  /** Of the document. Default: 10. */
  pages?: number | undefined;
  /** Documents in work at once, this one included, from 1. Default: 1. */
  documents?: number | undefined;
}

/**
 * Plans by what was measured of the service: how a call's time divides into a fixed part and one that
 * grows with its pages, what the rate limits leave, and the token budgets. Documents in work share the
 * service's calls: the time is that in which so many documents like this one would all be read. The fewest
 * calls among the plans that take at most 5 % longer than the quickest. All workers are given: how the
 * pages divide into accounts, and so into calls, is not known yet, and documents share the calls fairly
 * all the same.
 */
export function autoPlan(
  model: Model,
  { maxWorkers = MOST_WORKERS, answerForm }: AutoPlan,
  { pages = USUAL_PAGES, documents = 1 }: Work = {},
): BatchPlan {
  const service = ModelService.of(model.client);
  const { latency, limits } = service.model(model.name);
  const pace = latency.pace;
  const form = answerForm && { answerForm };
  if (!pace) return { ...UNMEASURED, maxWorkers: Math.min(UNMEASURED.maxWorkers, maxWorkers), ...form };
  const largest = Math.min(
    MOST_PAGES,
    Math.max(1, Math.floor(model.budget.output / outputPerPage(model.budget))),
  );
  const together = Math.max(1, documents);
  const places = Math.min(service.queue.concurrency, together * maxWorkers);
  const timeOf = (batchSize: number) => {
    const calls = Math.ceil(pages / batchSize);
    const durations = evenSizes(pages, calls).map((size) => pace.callMs + pace.pageMs * size);
    const tokens = calls * OVERHEAD_TOKENS + pages * pace.announcedTokensAPage;
    const limited = limits.timeFor({ requests: together * calls, tokens: together * tokens });
    return Math.max(timeTogether(durations, together, places), limited);
  };
  const sizes = Array.from({ length: largest }, (_, index) => index + 1);
  const times = new Map(sizes.map((size) => [size, timeOf(size)]));
  const shortest = Math.min(...times.values());
  const batchSize = Math.max(1, ...sizes.filter((size) => (times.get(size) ?? 0) <= TOLERANCE * shortest));
  return { path: 'batch', batchSize, maxWorkers, ...form };
}

/** How long so many documents with calls like these take that share the places in turn, in milliseconds. */
function timeTogether(durations: readonly number[], documents: number, places: number): number {
  if (documents * durations.length > MOST_CALLS) {
    return (documents * durations.reduce((sum, duration) => sum + duration, 0)) / places;
  }
  const inTurn = durations.flatMap((duration) => new Array<number>(documents).fill(duration));
  return makespan(inTurn, places);
}
