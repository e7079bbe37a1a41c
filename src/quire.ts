import { setMaxListeners } from 'node:events';
import { AzureOpenAI, OpenAI } from 'openai';
import { pino } from 'pino';
import type { Router } from 'express';
import { EMBEDDED_MODEL_ID, EMBEDDED_MODEL_NAME, startEmbeddedModel } from './llm/embedded-model.js';
import type { ChatClient } from './llm/model.js';
import { processPacer } from './llm/pacing.js';
import type { PriceTable } from './llm/usage.js';
import type { Logger } from './logger.js';
import { processingPlan, SINGLE_PAGE, type ProcessingPlan } from './processor/plan.js';
import { PageProcessor } from './processor/processor.js';
import { readSettings, SettingsError, type Settings } from './settings.js';
import { PageReader } from './stages/page-texts.js';
import { runPipeline, type TextSource } from './stages/pipeline.js';
import type { OnProgress } from './stages/progress.js';
import type { DocumentRecord } from './stages/record.js';
import type { DocumentStore } from './store/document-store.js';
import { MemoryStore } from './store/memory-store.js';
import { Jobs } from './upload/jobs.js';
import { uploadRouter } from './upload/router.js';

export interface QuireOptions {
  /** An OpenAI client, or one of a compatible service. Default: made from the settings. */
  openai?: ChatClient;
  /** The model's name, or the deployment's at Azure. Default: the setting `OPENAI_MODEL`. */
  model?: string;
  /** A fixed plan. Default: the setting `QUIRE_PLAN`, and page by page without one. */
  plan?: ProcessingPlan;
  /** Where uploaded documents are kept. Default: in memory. */
  store?: DocumentStore;
  /** A pino logger. Default: no logging. */
  logger?: Logger;
}

export interface DocumentContext {
  /** Aborts the document; calls under way are broken off. */
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface Quire {
  /** The model that is asked, by the name people know it by. */
  readonly modelName: string;
  /** The plan documents are read under. */
  readonly plan: ProcessingPlan;
  /** The processor, for callers that split documents into accounts themselves. */
  readonly processor: PageProcessor;
  /**
   * Reads a document whose page texts are known, by page number from 1.
   *
   * @throws {InvalidPagesError} for page numbers or texts that are none; the signal's reason on abort
   */
  processPages(texts: Readonly<Record<number, string>>, context?: DocumentContext): Promise<DocumentRecord>;
  /**
   * Reads a PDF.
   *
   * @throws {PdfError} for a file that cannot be read, with a message for the person who sent it;
   *   the signal's reason on abort
   */
  processPdf(bytes: Uint8Array, context?: DocumentContext): Promise<DocumentRecord>;
  /** The routes of the upload flow, to be mounted under any path of an Express app. */
  router(): Router;
  /** Takes no more documents, stops those being read and gives back everything that was started. */
  close(): Promise<void>;
}

/** Thrown for page texts that cannot be read. Never quotes them. */
export class InvalidPagesError extends Error {
  override readonly name = 'InvalidPagesError';
}

/**
 * Sets Quire up from options and, where they leave something open, from the settings in the
 * environment (docs/configuration.md).
 *
 * @throws {SettingsError} for options or settings that cannot be used
 */
export async function createQuire(options: QuireOptions = {}): Promise<Quire> {
  const settings = readSettings();
  const logger = options.logger ?? pino({ enabled: false });
  const plan = fixedPlan(options.plan ?? settings.QUIRE_PLAN ?? SINGLE_PAGE);
  const model = await chooseModel(options, settings);
  processPacer.concurrency = settings.LLM_MAX_CONCURRENCY;
  const processor = new PageProcessor({
    model: {
      client: model.client,
      name: model.name,
      timeoutMs: settings.LLM_TIMEOUT_MS,
      requestDefaults: settings.LLM_REQUEST_DEFAULTS,
      budget: { input: settings.LLM_INPUT_BUDGET, output: settings.LLM_OUTPUT_BUDGET },
    },
    pageAttempts: settings.LLM_PAGE_ATTEMPTS,
  });
  const reader = new PageReader({
    maxPages: settings.PDF_MAX_PAGES,
    timeLimitMs: settings.PDF_TIME_LIMIT_MS,
    ocrTimeLimitMs: settings.OCR_TIME_LIMIT_MS,
  });
  const store = options.store ?? new MemoryStore();
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const tools = { processor, prices: { ...settings.LLM_PRICES, ...EMBEDDED_PRICE } };
  const run = (source: TextSource, { signal, onProgress }: DocumentContext) =>
    runPipeline(tools, source, {
      plan,
      signal: AbortSignal.any([closing.signal, ...(signal ? [signal] : [])]),
      onProgress,
    });
  const processPdf = (bytes: Uint8Array, context: DocumentContext = {}) =>
    run((signal, onPage) => reader.read(bytes, { signal, onPage }), context);
  const jobs = new Jobs(processPdf, store, logger);

  return {
    modelName: model.shownAs,
    plan,
    processor,
    async processPages(texts, context = {}) {
      const pages = pagesGiven(texts);
      return run(
        () => ({ texts: pages, totalPages: pages.size, ocrPages: [], unreadablePages: [] }),
        context,
      );
    },
    processPdf,
    router: () => uploadRouter({ jobs, store, plan, maxMegabytes: settings.UPLOAD_MAX_MB, logger }),
    async close() {
      const closed = jobs.close();
      closing.abort(new Error('Quire was closed.'));
      await closed;
      await reader.close();
      await model.close();
    },
  };
}

function fixedPlan(given: ProcessingPlan): ProcessingPlan {
  const plan = processingPlan.safeParse(given);
  if (plan.success) return plan.data;
  throw new SettingsError(
    `The plan must be { path: 'single-page' } or { path: 'batch', batchSize, maxWorkers } with whole numbers.`,
  );
}

/** The rules run in this process. */
const EMBEDDED_PRICE: PriceTable = { [EMBEDDED_MODEL_ID]: { input: 0, output: 0 } };

interface ChosenModel {
  client: ChatClient;
  name: string;
  shownAs: string;
  close(): Promise<void>;
}

async function chooseModel({ openai, model }: QuireOptions, settings: Settings): Promise<ChosenModel> {
  const client = openai ?? clientFrom(settings);
  const name = model ?? settings.OPENAI_MODEL;
  if (!client && (name ?? settings.OPENAI_BASE_URL)) {
    throw new SettingsError(
      'There is a model but no key: set OPENAI_API_KEY, to any text for a service that needs none.',
    );
  }
  if (client) {
    if (!name) throw new SettingsError('There is a model service but no model: set OPENAI_MODEL.');
    return { client, name, shownAs: name, close: () => Promise.resolve() };
  }
  const embedded = await startEmbeddedModel();
  return {
    client: new OpenAI({ apiKey: 'none', baseURL: embedded.baseURL }),
    name: EMBEDDED_MODEL_ID,
    shownAs: EMBEDDED_MODEL_NAME,
    close: () => embedded.close(),
  };
}

function clientFrom(settings: Settings): ChatClient | undefined {
  const { AZURE_OPENAI_API_KEY: azureKey, AZURE_OPENAI_ENDPOINT: endpoint } = settings;
  if (azureKey) {
    const apiVersion = settings.OPENAI_API_VERSION;
    if (!endpoint || !apiVersion) {
      throw new SettingsError(
        'AZURE_OPENAI_API_KEY needs AZURE_OPENAI_ENDPOINT and OPENAI_API_VERSION beside it.',
      );
    }
    return new AzureOpenAI({ apiKey: azureKey, endpoint, apiVersion, baseURL: null });
  }
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL } = settings;
  return apiKey ? new OpenAI({ apiKey, ...(baseURL && { baseURL }) }) : undefined;
}

/** Page texts in ascending order of their numbers; a page without text is a blank one. */
function pagesGiven(texts: Readonly<Record<number, string | null | undefined>>): Map<number, string> {
  const pages = Object.entries(texts).map(([key, text]) => {
    if (!/^[1-9]\d{0,14}$/.test(key))
      throw new InvalidPagesError('Page numbers must be whole numbers from 1.');
    if (typeof (text ?? '') !== 'string')
      throw new InvalidPagesError(`Page ${key}: the text must be a string.`);
    return [Number(key), text ?? ''] as const;
  });
  if (pages.length === 0) throw new InvalidPagesError('There must be at least one page.');
  return new Map(pages.sort(([a], [b]) => a - b));
}
