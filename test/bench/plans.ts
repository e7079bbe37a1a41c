import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { createQuire, type PlanChoice } from '../../src/index.js';
import { ModelService } from '../../src/llm/service.js';
import { formatPlan } from '../../src/processor/plan.js';
import { ManualClock } from '../manual-clock.js';
import { pick, seeded } from '../random.js';
import { SILENT } from '../silent.js';
import { inSimulatedTime, SimulatedService, type Answering } from '../simulated-service.js';
import { atMost } from './figures.js';

const PAGE = fileURLToPath(new URL('../../docs/plans.md', import.meta.url));

const FIXED: PlanChoice[] = [
  { path: 'batch', batchSize: 1, maxWorkers: 20 },
  { path: 'batch', batchSize: 2, maxWorkers: 3 },
  { path: 'batch', batchSize: 3, maxWorkers: 5 },
  { path: 'batch', batchSize: 5, maxWorkers: 20 },
];
const AUTO: PlanChoice = { path: 'batch', batchSize: 'auto' };

const GENERATION: Answering = { firstTokenMs: 50, tokenMs: 1.5, jitter: 0.1 };
const REGIMES: { bound: string; answering: Answering }[] = [
  { bound: 'Bound by the start of a call', answering: { firstTokenMs: 400, tokenMs: 0, jitter: 0 } },
  { bound: 'Bound by generation', answering: GENERATION },
  { bound: 'Bound by 60 requests a minute', answering: { ...GENERATION, requestsPerMinute: 60 } },
  { bound: 'Bound by 100,000 tokens a minute', answering: { ...GENERATION, tokensPerMinute: 100_000 } },
];
const TIGHT: typeof REGIMES = [
  { bound: '20 requests a minute', answering: { ...GENERATION, requestsPerMinute: 20 } },
  { bound: '20,000 tokens a minute', answering: { ...GENERATION, tokensPerMinute: 20_000 } },
];

/** What comes: so many documents of so many pages. */
interface Arrival {
  documents: number;
  pages: number;
  /** Pages of each account. */
  ofAccount: number;
  /** Milliseconds from one document to the next; 0: all at once. */
  everyMs: number;
}

const GRID: Arrival[] = [Infinity, 2].flatMap((ofAccount) =>
  [1, 10, 50].flatMap((documents) => [5, 40].map((pages) => ({ documents, pages, ofAccount, everyMs: 0 }))),
);

/** A plan and what it comes to. */
interface Run {
  /** Until the last document ends. */
  seconds: number;
  /** Of a document, from its arrival to its end. */
  meanSeconds: number;
  calls: number;
  /** Of each document. */
  plans: string[];
}

interface Cell extends Arrival {
  fixed: Run[];
  auto: Run;
  timeToBest: number;
  callsToBest: number;
}

/** Fixed plans this close to the quickest are as quick; the one with the fewest calls is compared with. */
const AS_QUICK = 1.01;

/** `auto` beside fixed plans, in simulated time; writes docs/plans.md. */
export async function plans(): Promise<void> {
  const sections: string[] = [];
  for (const { bound, answering } of REGIMES) {
    const cells = await cellsOf(answering, GRID);
    sections.push(show(`## ${bound}`, cells));
    const worst = (of: 'timeToBest' | 'callsToBest') => Math.max(...cells.map((cell) => cell[of]));
    atMost(1.05, `${bound}: time of auto to that of the best fixed plan, in any cell`, worst('timeToBest'));
    atMost(1.1, `${bound}: calls of auto to those of that plan, in any cell`, worst('callsToBest'));
  }
  sections.push(BEYOND);
  const inTurn = GRID.filter(({ documents, pages }) => documents === 10 || (documents === 50 && pages === 5));
  for (const everyMs of [1, 50]) {
    const cells = await cellsOf(
      GENERATION,
      inTurn.map((arrival) => ({ ...arrival, everyMs })),
    );
    sections.push(show(`### Bound by generation, a document every ${everyMs} ms`, cells));
  }
  for (const { bound, answering } of TIGHT) {
    const few = GRID.filter(({ documents }) => documents < 50);
    sections.push(show(`### ${bound}`, await cellsOf(answering, few)));
  }
  const date = new Date().toISOString().slice(0, 10);
  const page = [introduction(date), ...sections].join('\n\n');
  await writeFile(PAGE, await format(page, { parser: 'markdown', printWidth: 110 }));
}

function show(title: string, cells: readonly Cell[]): string {
  const section = `${title}\n\n${table(cells)}`;
  process.stdout.write(`\n${section}\n\n`);
  return section;
}

async function cellsOf(answering: Answering, arrivals: readonly Arrival[]): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const arrival of arrivals) {
    const texts = textsOf(arrival);
    const fixed: Run[] = [];
    for (const plan of FIXED) fixed.push(await run(plan, answering, texts, arrival.everyMs));
    const auto = await run(AUTO, answering, texts, arrival.everyMs);
    const shortest = Math.min(...fixed.map(({ seconds }) => seconds));
    const best = fixed.filter(({ seconds }) => seconds <= AS_QUICK * shortest);
    cells.push({
      ...arrival,
      fixed,
      auto,
      timeToBest: auto.seconds / shortest,
      callsToBest: auto.calls / Math.min(...best.map(({ calls }) => calls)),
    });
  }
  return cells;
}

type Texts = Record<number, string>;

const never = new AbortController().signal;

/** Whatever limits there are have filled up again by then. */
const REST_MS = 120_000;

/**
 * The product itself: a Quire reads the documents, on a clock that jumps from one moment at which something
 * happens to the next. Before, it reads others, so that `auto` has measured the service.
 */
async function run(
  plan: PlanChoice,
  answering: Answering,
  { before, texts }: { before: Texts[]; texts: Texts[] },
  everyMs: number,
): Promise<Run> {
  const clock = new ManualClock();
  const service = new SimulatedService(clock, answering);
  ModelService.of(service, clock);
  const quire = await createQuire({ openai: service, model: 'simulated', plan, logger: SILENT });
  const read = async (text: Texts, afterMs: number) => {
    if (afterMs > 0) await clock.sleep(afterMs, never);
    const arrivedAt = clock.now();
    const { plan, failed_pages: failed, usage } = await quire.processPages(text);
    if (failed.length + usage.salvage_calls > 0) throw new Error('The simulated service was not understood.');
    return { plan: formatPlan(plan), arrivedAt, endedAt: clock.now() };
  };
  const readAll = async () => {
    for (const text of before) await read(text, 0);
    await clock.sleep(REST_MS, never);
    const [beganAt, callsBefore] = [clock.now(), service.calls];
    const documents = await Promise.all(texts.map((text, index) => read(text, index * everyMs)));
    const took = documents.reduce((sum, { arrivedAt, endedAt }) => sum + endedAt - arrivedAt, 0);
    return {
      seconds: (Math.max(...documents.map(({ endedAt }) => endedAt)) - beganAt) / 1_000,
      meanSeconds: took / documents.length / 1_000,
      calls: service.calls - callsBefore,
      plans: documents.map(({ plan }) => plan),
    };
  };
  try {
    return await inSimulatedTime(clock, readAll());
  } finally {
    await quire.close();
  }
}

const LABELS = [
  ...['Branch', 'Officer', 'Product', 'Region', 'Holder', 'Street', 'Town'],
  ...['Contact', 'Sponsor', 'Desk', 'Route', 'Folder', 'Shelf'],
];
const FEWEST_FIELDS = 11;
const SYLLABLES = ['ka', 'lo', 'mi', 'ne', 'ru', 'sta', 'tor', 'vel', 'wen', 'zi'] as const;

function textsOf({ documents, pages, ofAccount }: Arrival): { before: Texts[]; texts: Texts[] } {
  const random = seeded(20_261_127);
  return {
    before: Array.from({ length: 3 }, () => documentOf(random, 20, Infinity)),
    texts: Array.from({ length: documents }, () => documentOf(random, pages, ofAccount)),
  };
}

/** Pages whose answers take about 120 tokens each. */
function documentOf(random: () => number, pages: number, ofAccount: number): Texts {
  const word = () => Array.from({ length: 4 }, () => pick(random, SYLLABLES)).join('');
  const firstAccount = 10_000_000 + Math.floor(random() * 80_000_000);
  const page = (index: number) => {
    const fields = FEWEST_FIELDS + Math.floor(random() * (LABELS.length - FEWEST_FIELDS + 1));
    const lines = LABELS.slice(0, fields).map((label) => `${label}: ${word()} ${word()} ${word()}`);
    return [`ACCOUNT NUMBER: ${firstAccount + Math.floor(index / ofAccount)}`, ...lines].join('\n');
  };
  return Object.fromEntries(Array.from({ length: pages }, (_, index) => [index + 1, page(index)]));
}

function table(cells: readonly Cell[]): string {
  const names = FIXED.map((plan) => sizesOf(formatPlan(plan)));
  const head = ['documents', 'pages', 'accounts', ...names, 'auto', 'auto chose', 'time', 'calls'];
  const rows = cells.map(({ documents, pages, ofAccount, fixed, auto, timeToBest, callsToBest }) => [
    String(documents),
    String(pages),
    ofAccount === Infinity ? 'one' : `of ${ofAccount} pages`,
    ...[...fixed, auto].map(
      ({ seconds, meanSeconds, calls }) => `${seconds.toFixed(2)} / ${meanSeconds.toFixed(2)} / ${calls}`,
    ),
    chosen(auto),
    timeToBest.toFixed(2),
    callsToBest.toFixed(2),
  ]);
  const rule = head.map((name) => (name === 'accounts' || name === 'auto chose' ? '---' : '--:'));
  return [head, rule, ...rows].map((cellsOfRow) => `| ${cellsOfRow.join(' | ')} |`).join('\n');
}

/** Like "1x20 (4), 2x20 (6)": the plans, and of how many documents. */
function chosen({ plans }: Run): string {
  const names = [...new Set(plans)];
  const count = (name: string) => plans.filter((other) => other === name).length;
  const shown = (name: string) => (names.length === 1 ? '' : ` (${count(name)})`);
  return names.map((name) => sizesOf(name) + shown(name)).join(', ');
}

function sizesOf(plan: string): string {
  return plan.replace('batch ', '');
}

const introduction = (date: string) => `# Plans

Written by \`npm run bench -- plans\` on ${date}, on a machine with ${availableParallelism()} cores: \`batch auto\` beside four fixed plans. A Quire reads made documents, with its own batches, queue and rate limits; only the model service is simulated, and so is time, which makes the figures the same on every machine, but for chance where calls are held back together.

**\`auto\` is within 5 % of the best fixed plan's time, and within 10 % of its calls, in every cell of the grid.** No fixed plan is: 1x20 makes five times the calls where their start is what takes time, and takes five times as long; 5x20 takes more than three times as long for a short document whose answers are what takes time. The bench fails when a cell of the grid is over its bounds.

How \`auto\` plans: it takes the time in which as many documents like this one as are in work would all be read with the calls that the service allows at once, and of the sizes that take at most 5 % longer than the quickest the one with the fewest calls. Documents count from the moment they arrive, before their pages are counted. So those that come together know of each other ([rollout](rollout.md)).

- A call takes 400 ms, bound by its start; or 50 ms and 1.5 ms for each token, 10 % more or less, with about 120 tokens for a page. 20 calls at once, the default.
- Under each plan: **seconds until the last document has ended / mean seconds of a document / calls**.
- **auto chose**: its plans, and for how many documents each.
- **time** and **calls**: those of \`auto\` divided by those of the best fixed plan; where several take within 1 % of the shortest time, the one with the fewest calls.
- \`auto\` was given three documents of 20 pages before. Limits were whole when the documents came.`;

const BEYOND = `## Beyond the grid

Documents that come one after the other do not know of those that are still to come, and what was decided stays. Here no rule could keep to the bounds: one document of 5 pages must be asked page by page to be as quick as 1x20, which takes 5 calls, and ten of them may take 22 calls together, so that the others would have to do with less than two each, which takes longer. \`auto\` then makes more calls than it would have needed, as the first documents were alone.

Under limits so tight that one document uses one up, two more things show. \`auto\` may be quicker than all four with more calls than the quickest of them (3x20, which is none of them). And where pages divide into many accounts, 20 workers use up a limit of 20 at once and wait for the last call, in which 3x5 is slower and so sooner done; \`auto\` does not know of accounts when it plans.`;
