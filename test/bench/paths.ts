import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { costSection } from './cost.js';
import { SCENARIOS, type Scenario } from './documents.js';
import { measure, quire, type Measurement, type Path } from './measure.js';
import type { Latency, Limits, ProviderSetup } from './provider-model.js';
import { ProviderProcess } from './provider-process.js';
import { table } from './table.js';
import { timeline } from './timeline.js';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));

const OVERHEAD_BOUND: Latency = { firstTokenMs: 400, tokenMs: 0, jitter: 0, tailShare: 0, tailFactor: 1 };
const GENERATION_BOUND: Latency = {
  firstTokenMs: 50,
  tokenMs: 1.5,
  jitter: 0.1,
  tailShare: 0,
  tailFactor: 1,
};
const HEAVY_TAIL: Latency = { ...GENERATION_BOUND, jitter: 0.2, tailShare: 0.05, tailFactor: 4 };
const QUICKER: Latency = { ...OVERHEAD_BOUND, firstTokenMs: 200 };
const LIMITS: Limits = { requestsPerMinute: 60, tokensPerMinute: 100_000, minuteMs: 3_000 };

const SINGLE = quire('page by page', { path: 'single-page' });
const ONE_BY_ONE: Path = { ...SINGLE, name: 'page by page, one document after the other', isOneByOne: true };
const FIRST: Path = {
  name: 'plan as first written, 2x3',
  path: { firstPlan: { batchSize: 2, maxWorkers: 3 } },
  workers: 3,
};
const sizes = (batchSize: number, maxWorkers: number) => quire('', { path: 'batch', batchSize, maxWorkers });
const AUTO = quire('batch auto', { path: 'batch', batchSize: 'auto' });
const BATCHES = [sizes(2, 1), sizes(2, 3), sizes(2, 5), sizes(3, 5), AUTO];
const OBJECTS = quire('batch 2x3, answers as objects', {
  path: 'batch',
  batchSize: 2,
  maxWorkers: 3,
  answerForm: 'objects',
});
const PARALLEL_PAGES = [sizes(1, 3), sizes(1, 5)];

const REGIMES = [
  {
    title: 'Overhead-bound: every call takes the same time',
    id: 'overhead',
    latency: OVERHEAD_BOUND,
    limits: null,
    paths: [SINGLE, FIRST, ...BATCHES],
  },
  {
    title: 'Generation-bound: time follows the answer',
    id: 'generation',
    latency: GENERATION_BOUND,
    limits: null,
    paths: [SINGLE, FIRST, ...PARALLEL_PAGES, OBJECTS, ...BATCHES.slice(1)],
  },
  {
    title: 'Generation-bound, one call in twenty four times as long',
    id: 'tail',
    latency: HEAVY_TAIL,
    limits: null,
    paths: [SINGLE, ...BATCHES.slice(1)],
  },
  {
    title: 'Overhead-bound, under a rate limit',
    id: 'limited',
    latency: QUICKER,
    limits: LIMITS,
    paths: [ONE_BY_ONE, SINGLE, FIRST, sizes(2, 3), sizes(3, 5), AUTO],
  },
] as const;

/** Paths whose calls are drawn. */
const DRAWN = new Set([SINGLE, FIRST, sizes(2, 3), sizes(2, 5), AUTO].map(({ name }) => name));

/** Both paths beside the plan as first written and the physical limit; writes docs/benchmarks.md. */
export async function bothPaths(): Promise<void> {
  await mkdir(`${DOCS}benchmarks`, { recursive: true });
  const provider = await new ProviderProcess().started();
  const sections: string[] = [];
  try {
    for (const { title, id, latency, limits, paths } of REGIMES) {
      say(`\n## ${title}\n`);
      sections.push(`## ${title}`);
      const setup: ProviderSetup = { latency, limits, cache: 'cold', answers: 'one line' };
      for (const [index, scenario] of SCENARIOS.entries()) {
        // A document that ends before the limit is reached shows nothing of it.
        if (limits && pagesOf(scenario) < 200) continue;
        if (id === 'tail' && (pagesOf(scenario) < 40 || pagesOf(scenario) > 200)) continue;
        const isMany = scenario.documents.length > 1;
        const measured: Measurement[] = [];
        for (const path of paths) {
          if (path === ONE_BY_ONE && !isMany) continue;
          measured.push(await measure(provider, path, { scenario: scenario.name }, setup, pagesOf(scenario)));
        }
        const shown = table(measured, isMany ? scenario.documents.length : undefined, limits !== null);
        say(`### ${scenario.name}\n\n${shown}\n`);
        sections.push(`### ${scenario.name}`, shown);
        if (pagesOf(scenario) > 200 && !limits) continue;
        const file = `benchmarks/${id}-${index + 1}.svg`;
        const panels = measured.filter(({ name }) => DRAWN.has(name));
        const drawn = panels.map(({ name, journal }) => ({ title: name, calls: journal }));
        await writeFile(DOCS + file, timeline(scenario.name, drawn));
        sections.push(`![The calls of ${scenario.name} over time](${file})`);
      }
    }
    sections.push(await growthSection(provider), await costSection(provider));
  } finally {
    provider.stop();
  }
  const page = [INTRODUCTION, ...sections].join('\n\n');
  await writeFile(`${DOCS}benchmarks.md`, await format(page, { parser: 'markdown', printWidth: 110 }));
}

async function growthSection(provider: ProviderProcess): Promise<string> {
  const instant = { ...OVERHEAD_BOUND, firstTokenMs: 0 };
  const setup: ProviderSetup = { latency: instant, limits: null, cache: 'cold', answers: 'one line' };
  const rows: string[] = [];
  for (const path of [SINGLE, sizes(2, 3), sizes(3, 5)]) {
    for (const pages of [100, 1_000]) {
      const { ms, cpuMsPerPage, peakMb } = await measure(provider, path, { pages }, setup, pages);
      rows.push(
        `| ${path.name} | ${pages} | ${(ms / pages).toFixed(2)} | ${cpuMsPerPage.toFixed(2)} | ${peakMb.toFixed(0)} |`,
      );
    }
  }
  const shown = `| Path | pages | ms a page | CPU ms a page | peak MB |\n|---|--:|--:|--:|--:|\n${rows.join('\n')}`;
  say(`## Growth\n\n${shown}\n`);
  return `## Growth with the pages of one document

The provider answers at once, so that what remains is this side: Quire, the client and HTTP. Memory is that of the whole process, about 60 MB of it the loader of the bench.

${shown}`;
}

function pagesOf({ documents }: Scenario): number {
  return documents.reduce((sum, { pages }) => sum + Object.keys(pages).length, 0);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const INTRODUCTION = `# Benchmarks

Written by \`npm run bench -- paths\`; everything on this page was measured in one run, on the same documents, against a model of a provider: an OpenAI-compatible server on loopback with latency, rate limits, a prompt cache and the token counts of a real tokenizer (o200k). Times are scaled: a call of 0.2 s here stands for one of several seconds. **Look at ratios, not at seconds.** The same documents beside the Vercel AI SDK and LangChain.js, clean and with one call in five broken, are in [Beside other libraries](peers.md).

- **faster**: time of page by page divided by this one's.
- **over bound**: time divided by the larger of the longest call and all calls' time divided by the workers, as if a call could be cut in two. 5 equal calls on 3 workers need two rounds, so 1.20 is the best there is.
- **over whole bound**: the same for calls that cannot be cut. 1.00 cannot be beaten with these calls and workers.
- **same records**: documents whose accounts equal the golden records as text.
- **CPU**: processor time of the whole process for each page, client and HTTP included, and the garbage collection that Node.js does while it waits for answers: the longer the wait, the more. What a page costs under load is in the last table but one.

The plan as first written joins the texts of a batch, copies the one answer to each page and takes one account after the other. It knows no limit over all documents, as Quire does (20 calls at once), and so can be under the bound where 50 documents come together. \`batch auto\` was given three documents before, to measure by.`;
