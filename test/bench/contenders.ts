import OpenAI from 'openai';
import type * as Quire from '../../src/index.js';
import { userMessage } from '../../src/llm/wire.js';
import { planBatches } from '../../src/processor/batches.js';
import { INSTRUCTIONS } from '../../src/processor/instructions.js';
import { isBlank, preparePage } from '../../src/processor/page.js';
import { splitAccounts } from '../../src/stages/accounts.js';
import { GOLDEN, type GoldenDocument } from '../golden.js';
import { SILENT } from '../silent.js';
import { built } from './built.js';

/** Calls at once for one document. */
export const AT_ONCE = 5;

type Fields = Readonly<Record<string, unknown>>;

/** What was read on each page; a page that is not in it was lost. */
type PagesRead = ReadonlyMap<number, Fields>;

/** A golden document, and the calls that Quire would make about it, by the most pages of one. */
export interface Document {
  pages: GoldenDocument['pages'];
  /** What stands on each page that is asked about. */
  expected: PagesRead;
  calls: Readonly<Record<1 | 2, readonly Call[]>>;
}

interface Call {
  instruction: string;
  message: string;
  numbers: readonly number[];
}

/** One way to read documents. */
export interface Contender {
  name: string;
  read(document: Document): Promise<PagesRead>;
  close(): Promise<void>;
}

/** Documents with nothing to ask about are left out. */
export async function documents(): Promise<Document[]> {
  const all = await Promise.all(GOLDEN.documents.map(prepared));
  return all.filter(({ expected }) => expected.size > 0);
}

async function prepared({ pages, fields }: GoldenDocument): Promise<Document> {
  const texts = new Map(Object.entries(pages).map(([number, text]) => [Number(number), text]));
  const { accounts, unassignedPages } = await splitAccounts(texts);
  const groups = accounts.length > 0 ? accounts.map(({ pages }) => pages) : [unassignedPages];
  const asked = groups.map((numbers) => numbers.filter((number) => !isBlank(texts.get(number) ?? '')));
  const calls = (size: number) =>
    asked.flatMap((numbers) =>
      planBatches(
        numbers.map((number) => preparePage(number, texts.get(number) ?? '')),
        size,
        { input: Infinity, output: Infinity },
      ).map(({ kind, pages }) => ({
        instruction: INSTRUCTIONS.objects[kind],
        message: userMessage(pages),
        numbers: pages.map(({ number }) => number),
      })),
    );
  return {
    pages,
    expected: new Map(asked.flat().map((number) => [number, fields[String(number)] ?? {}])),
    calls: { 1: calls(1), 2: calls(2) },
  };
}

/** @returns for each call the answer, in the form of the schema; undefined for one that was lost */
type Peer = (
  calls: readonly { instruction: string; message: string; pages: number }[],
  atOnce: number,
) => Promise<(Readonly<Record<string, PageAnswer>> | undefined)[]>;

interface PageAnswer {
  fields: { name: string; value: string; confidence: number }[];
}

/** The peers as their documentation has them; their package must be installed. */
export async function peers(baseURL: string): Promise<Contender[]> {
  const at = (name: string): Promise<unknown> => import(new URL(`peers/${name}`, import.meta.url).href);
  const { openAiSdk } = (await at('ai-sdk.js')) as { openAiSdk: (baseURL: string) => Peer };
  const { openLangchain } = (await at('langchain.js')) as {
    openLangchain: (baseURL: string, attempts?: number) => Peer;
  };
  return [
    peer('AI SDK, a page a call', 1, openAiSdk(baseURL)),
    peer('AI SDK, two pages a call', 2, openAiSdk(baseURL)),
    peer('LangChain.js `.batch`, a page a call', 1, openLangchain(baseURL)),
    peer('LangChain.js `.batch`, two pages a call', 2, openLangchain(baseURL)),
    peer('LangChain.js `.withRetry` and `.batch`, a page a call', 1, openLangchain(baseURL, 3)),
  ];
}

function peer(name: string, size: 1 | 2, ask: Peer): Contender {
  return {
    name,
    async read({ calls }) {
      const asked = calls[size];
      const answers = await ask(
        asked.map(({ numbers, ...call }) => ({ ...call, pages: numbers.length })),
        AT_ONCE,
      );
      const read = new Map<number, Fields>();
      for (const [call, answer] of answers.entries()) {
        const numbers = asked[call]?.numbers ?? [];
        for (const [index, number] of numbers.entries()) {
          const page = answer?.[`page_${index + 1}`];
          if (page) read.set(number, fieldsOf(page));
        }
      }
      return read;
    },
    close: () => Promise.resolve(),
  };
}

function fieldsOf({ fields }: PageAnswer): Fields {
  return Object.fromEntries(fields.map(({ name, value, confidence }) => [name, { value, confidence }]));
}

/** Quire made once, at equal calls and as it is by default, and made anew for each document. */
export async function quires(baseURL: string): Promise<Contender[]> {
  const { createQuire } = await built<typeof Quire>('index.js');
  const openai = new OpenAI({ apiKey: 'bench', baseURL, maxRetries: 0 });
  const make = (plan: Quire.PlanChoice) =>
    createQuire({ openai, model: 'bench-model', plan, logger: SILENT });
  const once = async (name: string, plan: Quire.PlanChoice): Promise<Contender> => {
    const quire = await make(plan);
    return {
      name,
      read: async (document) => pagesOf(document, await quire.processPages(document.pages)),
      close: () => quire.close(),
    };
  };
  const anew = (name: string, plan: Quire.PlanChoice): Contender => ({
    name,
    async read(document) {
      const quire = await make(plan);
      try {
        return pagesOf(document, await quire.processPages(document.pages));
      } finally {
        await quire.close();
      }
    },
    close: () => Promise.resolve(),
  });
  const plan = { path: 'batch', maxWorkers: AT_ONCE, answerForm: 'objects' } as const;
  const [single, pairs] = [
    { ...plan, batchSize: 1 },
    { ...plan, batchSize: 2 },
  ];
  return [
    await once('Quire, a page a call', single),
    await once('Quire, two pages a call', pairs),
    await once('Quire, two pages a call, answers as lines', { ...pairs, answerForm: 'lines' }),
    anew('Quire made for each document, a page a call', single),
    anew('Quire made for each document, two pages a call', pairs),
  ];
}

function pagesOf({ expected }: Document, record: Quire.DocumentRecord): PagesRead {
  const failed = new Set(record.failed_pages.map(({ page }) => page));
  const groups = record.document ? [record.document] : record.accounts;
  const data = new Map(groups.flatMap((group) => Object.entries(group.page_data)));
  // A page without fields is not in the record.
  const read = [...expected.keys()].filter((number) => !failed.has(number));
  return new Map(read.map((number) => [number, data.get(String(number)) ?? {}]));
}
