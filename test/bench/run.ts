import OpenAI from 'openai';
import { createQuire, type AccountRecord, type PlanChoice } from '../../src/index.js';
import { splitAccounts } from '../../src/stages/accounts.js';
import { isAuto } from '../../src/processor/plan.js';
import { longDocument, SCENARIOS, type BenchDocument } from './documents.js';
import { processAsFirstPlanned } from './first-plan.js';
import { formDocument } from './form-document.js';
import type { ProviderSetup } from './provider-model.js';

/** What one process is to read, and how. */
export interface Task {
  /** A scenario's name, one document of so many pages, or the document the seed speaks of. */
  documents: { scenario: string } | { pages: number } | 'seed';
  path: { quire: PlanChoice } | { firstPlan: { batchSize: number; maxWorkers: number } };
  /** One document after the other, or all at once. */
  isOneByOne: boolean;
  baseURL: string;
  setup: ProviderSetup;
}

export interface Outcome {
  /** Milliseconds from the first document's start to the last one's end. */
  ms: number;
  /** Milliseconds of processor time this process took for it. */
  cpuMs: number;
  /** The most memory this process ever held, in bytes. */
  peakBytes: number;
  documents: number;
  /** Documents whose accounts are exactly those expected. */
  identical: number;
}

const MODEL = 'bench-model';
const INSTANT = { firstTokenMs: 0, tokenMs: 0, jitter: 0, tailShare: 0, tailFactor: 1 };
/** What is hot gets compiled first, as in a server that has run for a while. */
const WARM_UP_DOCUMENTS = 10;
const WARM_UP_PAGES = 20;
const AUTO_DOCUMENTS = 3;

async function run({ documents: which, path, isOneByOne, baseURL, setup }: Task): Promise<Outcome> {
  const documents = documentsOf(which);
  let reader = await openReader(path, baseURL);
  await setUp(baseURL, { ...setup, latency: INSTANT, limits: null });
  for (let count = 0; count < WARM_UP_DOCUMENTS; count++) await reader.read(longDocument(WARM_UP_PAGES));

  // What auto plans by has to be measured; by a new client, which has not seen the instant answers.
  if ('quire' in path && isAuto(path.quire)) {
    await reader.close();
    reader = await openReader(path, baseURL);
    await setUp(baseURL, { ...setup, limits: null });
    for (let count = 0; count < AUTO_DOCUMENTS; count++) await reader.read(longDocument(WARM_UP_PAGES));
  }

  await setUp(baseURL, setup);
  const cpu = process.cpuUsage();
  const started = performance.now();
  const accounts: AccountRecord[][] = [];
  if (isOneByOne) for (const document of documents) accounts.push(await reader.read(document));
  else accounts.push(...(await Promise.all(documents.map((document) => reader.read(document)))));
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  await reader.close();
  return {
    ms,
    cpuMs: (user + system) / 1_000,
    peakBytes: process.resourceUsage().maxRSS * 1_024,
    documents: documents.length,
    identical: documents.filter((document, index) => isExpected(document, accounts[index] ?? [])).length,
  };
}

function documentsOf(which: Task['documents']): BenchDocument[] {
  if (which === 'seed') return [formDocument()];
  if ('pages' in which) return [longDocument(which.pages)];
  const scenario = SCENARIOS.find(({ name }) => name === which.scenario);
  if (!scenario) throw new Error(`There is no scenario ${which.scenario}`);
  return scenario.documents;
}

async function setUp(baseURL: string, setup: ProviderSetup): Promise<void> {
  await fetch(new URL('/setup', baseURL), { method: 'POST', body: JSON.stringify(setup) });
}

async function openReader(path: Task['path'], baseURL: string) {
  const client = new OpenAI({ apiKey: 'bench', baseURL, maxRetries: 0 });
  if ('firstPlan' in path) {
    const { batchSize, maxWorkers } = path.firstPlan;
    return {
      read: async ({ pages }: BenchDocument) => {
        const texts = new Map(Object.entries(pages).map(([page, text]) => [Number(page), text]));
        return processAsFirstPlanned(
          client,
          (await splitAccounts(texts)).accounts,
          texts,
          batchSize,
          maxWorkers,
        );
      },
      close: () => Promise.resolve(),
    };
  }
  const quire = await createQuire({ openai: client, model: MODEL, plan: path.quire });
  return {
    read: async ({ pages }: BenchDocument) => (await quire.processPages(pages)).accounts,
    close: () => quire.close(),
  };
}

/** Equal as text, order of keys included. */
function isExpected(document: BenchDocument, accounts: readonly AccountRecord[]): boolean {
  const compared = accounts.map(({ processing_method: _, ...account }) => account);
  return JSON.stringify(compared) === JSON.stringify(document.accounts);
}

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as Task)));
