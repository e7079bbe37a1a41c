import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import pLimit from 'p-limit';
import { format } from 'prettier';
import { sum } from './bounds.js';
import { AT_ONCE, documents, peers, quires, type Contender, type Document } from './contenders.js';
import { PRICES } from './measure.js';
import { median } from './figures.js';
import type { Latency, ProviderSetup } from './provider-model.js';
import { ProviderProcess } from './provider-process.js';

const FOLDER = fileURLToPath(new URL('peers/', import.meta.url));
const PAGE = fileURLToPath(new URL('../../docs/peers.md', import.meta.url));

const INSTANT: Latency = { firstTokenMs: 0, tokenMs: 0, jitter: 0, tailShare: 0, tailFactor: 1 };
/** Not scaled down, because the waits between attempts are not either. */
const LATENCY: Latency = { ...INSTANT, firstTokenMs: 300, tokenMs: 3, jitter: 0.1 };
const BROKEN_SHARE = 0.2;
const DOCUMENTS_AT_ONCE = 4;
const WARM_UP = 2;
const ROUNDS = 7;

/** How a contender did over all documents. */
interface Score {
  whole: number;
  /** Pages for which there is no answer, and those whose fields are others than stand on them. */
  lost: number;
  wrong: number;
}

interface Row extends Score {
  name: string;
  calls: number;
  seconds: number;
  usd: number;
  cpuMsAPage: number;
}

/** Peers and Quire in turns within this process, against one model of a provider; writes docs/peers.md. */
export async function besidePeers(): Promise<void> {
  if (!existsSync(`${FOLDER}node_modules`)) execFileSync('npm', ['ci'], { cwd: FOLDER, stdio: 'inherit' });
  const provider = await new ProviderProcess().started();
  const contenders: Contender[] = [];
  try {
    contenders.push(...(await peers(provider.baseURL)), ...(await quires(provider.baseURL)));
    const given = await documents();
    const cpu = await cpuMsAPage(provider, contenders, given);
    const measured = async (brokenShare: number) => {
      const rows: Row[] = [];
      for (const contender of contenders) rows.push(await run(provider, contender, given, brokenShare));
      return rows;
    };
    const clean = (await measured(0)).map((row) => ({ ...row, cpuMsAPage: cpu.get(row.name) ?? NaN }));
    say(`\n## Clean\n\n${table(clean)}`);
    const broken = await measured(BROKEN_SHARE);
    say(`\n## Broken\n\n${table(broken)}`);
    const text = await pageOf(given, table(clean), table(broken));
    await writeFile(PAGE, await format(text, { parser: 'markdown', printWidth: 110 }));
  } finally {
    for (const contender of contenders) await contender.close();
    provider.stop();
  }
}

/** The median over rounds, by name. The provider answers at once; each round begins with another contender. */
async function cpuMsAPage(
  provider: ProviderProcess,
  contenders: readonly Contender[],
  given: readonly Document[],
): Promise<ReadonlyMap<string, number>> {
  await provider.setUp(setupOf(INSTANT, 0));
  const taken = new Map(contenders.map(({ name }): [string, number[]] => [name, []]));
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const first = Math.abs(round) % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const before = process.cpuUsage();
      await readAll(contender, given);
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) taken.get(contender.name)?.push((user + system) / 1_000 / pagesOf(given));
    }
  }
  return new Map([...taken].map(([name, times]) => [name, median(times)]));
}

async function run(
  provider: ProviderProcess,
  contender: Contender,
  given: readonly Document[],
  brokenShare: number,
): Promise<Row> {
  await provider.setUp(setupOf(LATENCY, brokenShare));
  const cpu = process.cpuUsage();
  const started = performance.now();
  const score = await readAll(contender, given);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - started) / 1_000;
  const journal = await provider.journal();
  const input = sum(journal.map(({ promptTokens }) => promptTokens));
  const output = sum(journal.map(({ completionTokens }) => completionTokens));
  const usd = (input * PRICES.input + output * PRICES.output) / 1_000_000;
  const cpuMsAPage = (user + system) / 1_000 / pagesOf(given);
  return { name: contender.name, ...score, calls: journal.length, seconds, usd, cpuMsAPage };
}

function setupOf(latency: Latency, brokenShare: number): ProviderSetup {
  return { latency, limits: null, cache: 'none', answers: 'one line', brokenShare };
}

async function readAll(contender: Contender, given: readonly Document[]): Promise<Score> {
  const limit = pLimit(DOCUMENTS_AT_ONCE);
  const scores = await Promise.all(given.map((document) => limit(() => scoreOf(contender, document))));
  return {
    whole: sum(scores.map(({ whole }) => whole)),
    lost: sum(scores.map(({ lost }) => lost)),
    wrong: sum(scores.map(({ wrong }) => wrong)),
  };
}

async function scoreOf(contender: Contender, document: Document): Promise<Score> {
  const read = await contender.read(document);
  const { expected } = document;
  const lost = [...expected.keys()].filter((page) => !read.has(page)).length;
  const right = [...expected].filter(([page, fields]) => isDeepStrictEqual(read.get(page), fields)).length;
  return { whole: right === expected.size ? 1 : 0, lost, wrong: expected.size - lost - right };
}

function pagesOf(given: readonly Document[]): number {
  return sum(given.map(({ expected }) => expected.size));
}

function table(rows: readonly Row[]): string {
  const columns: [string, (of: Row) => string][] = [
    ['documents whole', ({ whole }) => String(whole)],
    ['pages lost', ({ lost }) => String(lost)],
    ['pages wrong', ({ wrong }) => String(wrong)],
    ['calls', ({ calls }) => String(calls)],
    ['seconds', ({ seconds }) => seconds.toFixed(1)],
    ['USD', ({ usd }) => usd.toFixed(4)],
    ['CPU ms a page', ({ cpuMsAPage }) => cpuMsAPage.toFixed(2)],
  ];
  return [
    `| | ${columns.map(([title]) => title).join(' | ')} |`,
    `|---|${columns.map(() => '--:').join('|')}|`,
    ...rows.map((row) => `| ${row.name} | ${columns.map(([, cell]) => cell(row)).join(' | ')} |`),
  ].join('\n');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function pageOf(given: readonly Document[], clean: string, broken: string): Promise<string> {
  const [processor] = cpus();
  const date = new Date().toISOString().slice(0, 10);
  return `# Beside other libraries

Written by \`npm run bench -- peers\` on ${date}, on ${cpus().length} cores of ${processor?.model.trim() ?? 'an unknown processor'} with Node.js ${process.versions.node}: ${await versions()}. These are the newest versions that run on Node.js 20.

The same ${given.length} golden documents with ${pagesOf(given)} pages went through the Vercel AI SDK, LangChain.js and Quire, in one process, one after the other, against one model of a provider in a process of its own. All send the same instruction and the same user messages, and ask for the same form of answer. All make ${AT_ONCE} calls at once for a document, and read ${DOCUMENTS_AT_ONCE} documents at once.

- **documents whole**: those of which every page has exactly its golden fields.
- **pages lost**: pages without an answer. **pages wrong**: those with other fields than their golden ones.
- **calls**: requests that the provider got, repeated ones included.
- **seconds**: a call takes ${LATENCY.firstTokenMs} ms and ${LATENCY.tokenMs} ms for each token of its answer. Times are not scaled, because waits between attempts are not either.
- **USD**: at ${PRICES.input} USD a million input tokens and ${PRICES.output} output, without a cache. An answer that cannot be used is billed, and so is one that breaks off.
- **CPU ms a page**: processor time of the whole process for each page, client and HTTP included. In the first table the provider answers at once, and it is the median of ${ROUNDS} rounds in turns after ${WARM_UP} to warm up. In the second it is that of the one run, and tells little: waiting has a cost of its own, and so has whatever else the machine does.

## All calls answered

${clean}

## One call in five broken

${Math.round(100 * BROKEN_SHARE)} % of calls go wrong: an error of the server (500), a connection that ends in the middle of the body, an answer cut off at its cap, JSON that is none, an empty answer, or the last page left out, each as likely. Which ones do follows from what is asked and how often it was asked before, so that all meet the same, and asking again has another chance.

${broken}

## How each was set up

- **Vercel AI SDK**: \`generateText\` with \`Output.object\` and a Zod schema, through its provider for OpenAI-compatible services, structured outputs switched on. It retries as it does by default: failed requests twice, after 2 and 4 seconds; answers that break off or cannot be read never. \`p-limit\` bounds its calls.
- **LangChain.js**: \`ChatOpenAI\`, \`withStructuredOutput\` with the same Zod schema, and \`batch\` with \`maxConcurrency\` and \`returnExceptions\`. It retries as it does by default: failed requests and answers that its client cannot read, six times; an empty answer never. With \`withRetry\` it is asked for again, too, three attempts in all.
- **Quire**: \`createQuire\` with the plan \`batch 1x${AT_ONCE}\` or \`batch 2x${AT_ONCE}\` and answers as objects, as the others have them. The row with answers as lines is what it does by default. Made for each document, it is closed after it.

The peers are given what Quire finds out by itself: which pages belong to an account, which instruction each is read with, which pages speak to a model and are asked about alone. So at equal sizes all make the same calls, and Quire's processor time holds this work, the checks of each value against its page, salvage and merging, which the peers do not do. At two pages a call the largest part of it is the search for pages that speak to a model; at a page a call there is none. An answer that failed costs the peers its pages and no others: an error is caught around each call.
`;
}

async function versions(): Promise<string> {
  const { dependencies } = JSON.parse(await readFile(`${FOLDER}package.json`, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return Object.entries(dependencies)
    .map(([name, version]) => `\`${name}\` ${version}`)
    .join(', ');
}
