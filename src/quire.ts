import { setMaxListeners } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AzureOpenAI, OpenAI } from 'openai';
import express, { type Request, type Response } from 'express';
import { EMBEDDED_MODEL_ID, EMBEDDED_MODEL_NAME, startEmbeddedModel } from './llm/embedded-model.js';
import type { ChatClient } from './llm/model.js';
import { processPacer } from './llm/pacing.js';
import type { PriceTable } from './llm/usage.js';
import { unfailing, usualLogger, type Logger } from './logger.js';
import { autoPlan } from './processor/auto-plan.js';
import { parsePlanChoice, planChoice, SINGLE_PAGE, type PlanChoice } from './processor/plan.js';
import { PageProcessor } from './processor/processor.js';
import { Flags, type FlagContext, type UnleashClient } from './rollout/flags.js';
import { openRequest, type RequestContext } from './rollout/request.js';
import type { MetricRegistry } from './rollout/metric-registry.js';
import { createRollout } from './rollout/rollout.js';
import { databaseAddress, readSettings, SettingsError, warnOfMisspelt, type Settings } from './settings.js';
import { PageReader } from './stages/page-texts.js';
import type { OnProgress } from './stages/progress.js';
import type { DocumentRecord } from './stages/record.js';
import { checkPool } from './store/postgres.js';
import type { PostgresPool } from './store/postgres-pool.js';
import { Store } from './store/store.js';
import { Senders, type Identify } from './upload/sender.js';
import { Uploads, type StorePlace } from './upload/uploads.js';
import { opsDoor } from './rollout/door.js';

export interface QuireOptions {
  /** An OpenAI client, or one of a compatible service. Default: made from the settings. */
  openai?: ChatClient | undefined;
  /** The model's name, or the deployment's at Azure. Default: the setting `OPENAI_MODEL`. */
  model?: string | undefined;
  /** A fixed plan, which wins over the flags. Default: the setting `QUIRE_PLAN`; flags decide without one. */
  plan?: PlanChoice | undefined;
  /**
   * The app's own Unleash client, which stays the app's to end. It is listened to: its errors go to
   * `logger`, and the SDK no longer prints them itself. Default: one made from `UNLEASH_URL`,
   * and the bootstrap file, with both flags off, without that.
   */
  unleash?: UnleashClient | undefined;
  /** Where uploaded documents are kept; it stays the caller's to close. Default: one on `database`. */
  store?: Store | undefined;
  /**
   * The PostgreSQL database that documents are kept in: its address, or the app's own pool of `pg`, which stays the
   * app's to end and keeps one connection for Quire. Default: the setting `QUIRE_DATABASE_URL`, or else an embedded
   * one in `QUIRE_DATA_DIR`; opened when the first router is made.
   */
  database?: string | PostgresPool | undefined;
  /** The app's pino logger. Default: warnings and errors go to stderr. */
  logger?: Logger | undefined;
  /** The app's prom-client registry, where Quire's metrics are published until it is closed. Default: none. */
  registry?: MetricRegistry | undefined;
  /** Settings that win over those of the environment, by the same names. */
  settings?: Partial<Settings> | undefined;
}

/** What a caller says about a document; the flags are evaluated for `userId`, `sessionId`, `properties`. */
export interface DocumentContext extends FlagContext {
  /** Names the request in the log. Default: a new id. */
  requestId?: string | undefined;
  /** Aborts the document; calls under way are broken off. */
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface RouterOptions {
  /**
   * Who sends a request. Default: `request.user.id`, `sub` or `_id`, where login middleware sets `request.user`, or
   * else `request.sessionID`. A request whose sender has no usable id is answered with 401.
   */
  identify?: Identify | undefined;
  /** Whether requests that name nobody are served; they share their documents. Default: they are answered with 401. */
  allowAnonymous?: boolean | undefined;
}

export interface Quire {
  /** The model that is asked, by the name people know it by. */
  readonly modelName: string;
  /** The plan of every document; undefined when flags decide for each request. */
  readonly fixedPlan: PlanChoice | undefined;
  /** The processor, for callers that split documents into accounts themselves. */
  readonly processor: PageProcessor;
  /** What the processor's calls cost, for callers that keep a ledger of their own. */
  readonly prices: PriceTable;
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
  /** The routes of the upload flow and of ops, to be mounted under any path of an app on Express 4 or 5. */
  router(
    options?: RouterOptions,
  ): (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;
  /**
   * A secret for a host of the routes, the same for all processes that share the database.
   *
   * @throws {StoreError} when the store does not open
   */
  secret(name: string): Promise<string>;
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
  const settings = readSettings(options.settings);
  const logger = unfailing(options.logger ?? usualLogger());
  warnOfMisspelt(logger);
  const model = await chooseModel(options, settings);
  let flags: Flags | undefined;
  try {
    flags = await chooseFlags(options, settings, logger);
    return assembled(options, settings, { model, flags, logger });
  } catch (error) {
    // Nothing goes on running of a Quire that could not be made.
    await flags?.close();
    await model.close();
    throw error;
  }
}

/** What is running already when a Quire is put together. */
interface Started {
  model: ChosenModel;
  flags: Flags;
  logger: Logger;
}

function assembled(options: QuireOptions, settings: Settings, { model, flags, logger }: Started): Quire {
  const place = storePlace(options, settings);
  const fixedPlan = options.plan ? checkedPlan(options.plan) : parsePlanChoice(settings.QUIRE_PLAN ?? '');
  processPacer.concurrency = settings.LLM_MAX_CONCURRENCY;
  const asked = {
    client: model.client,
    name: model.name,
    timeoutMs: settings.LLM_TIMEOUT_MS,
    requestDefaults: settings.LLM_REQUEST_DEFAULTS,
    budget: { input: settings.LLM_INPUT_BUDGET, output: settings.LLM_OUTPUT_BUDGET },
    cacheWaitMs: settings.LLM_CACHE_WAIT_MS,
  };
  const processor = new PageProcessor({ model: asked, pageAttempts: settings.LLM_PAGE_ATTEMPTS });
  const reader = new PageReader({
    maxPages: settings.PDF_MAX_PAGES,
    timeLimitMs: settings.PDF_TIME_LIMIT_MS,
    ocrTimeLimitMs: settings.OCR_TIME_LIMIT_MS,
  });
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const prices = { ...settings.LLM_PRICES, ...EMBEDDED_PRICE };
  const rollout = createRollout(settings, {
    ...{ flags, fixedPlan, processor, prices, closing: closing.signal, logger },
    registry: options.registry,
    storeTrouble: () => uploads.troubleOnceTried(),
    autoPlan: (choice, pages) => autoPlan(asked, choice, pages),
  });
  const tools = { rollout, processor, prices, logger };
  const open = ({
    signal,
    ...context
  }: Omit<RequestContext, 'signal'> & { signal?: AbortSignal | undefined }) =>
    openRequest(tools, {
      ...context,
      signal: AbortSignal.any([closing.signal, ...(signal ? [signal] : [])]),
    });
  const uploads = new Uploads(place, settings, {
    open: (context) => openRequest(tools, context),
    reader,
    logger,
    onDelete: (id) => rollout.shadow.forget(id),
  });

  let isRouterMade = false;
  let closed: Promise<void> | undefined;
  return {
    modelName: model.shownAs,
    fixedPlan: settings.QUIRE_FORCE_SINGLE_PAGE ? SINGLE_PAGE : fixedPlan,
    processor,
    prices,
    async processPages(texts, context = {}) {
      const pages = pagesGiven(texts);
      return open(context).read(() => ({
        ...{ texts: pages, totalPages: pages.size, ocrPages: [], unreadablePages: [] },
      }));
    },
    async processPdf(bytes, context = {}) {
      return open(context).read((signal, onPage) => reader.read(bytes, { signal, onPage }));
    },
    router({ identify, allowAnonymous = false } = {}) {
      if (!isRouterMade) warnOfUnusedDatabase(options, settings, logger);
      isRouterMade = true;
      const router = express.Router();
      router.use(opsDoor(settings.OPS_TOKEN), rollout.router());
      router.use(uploads.router(new Senders(identify, allowAnonymous, logger)));
      // The requests of the app's own Express, whichever version that is.
      return (request, response, next) => router(request as Request, response as Response, next);
    },
    async secret(name) {
      return (await uploads.opened()).store.secret(name);
    },
    close() {
      closed ??= endAll([
        () => closing.abort(new Error('Quire was closed.')),
        () => uploads.close(),
        () => flags.close(),
        () => rollout.metrics.withdraw(),
        () => reader.close(),
        () => model.close(),
      ]);
      return closed;
    },
  };
}

/** One after the other; what fails to end keeps nothing else from ending. */
async function endAll(ends: readonly (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const end of ends) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

function storePlace({ store, database }: QuireOptions, settings: Settings): StorePlace {
  if (store) return { store };
  const given = database ?? settings.QUIRE_DATABASE_URL;
  if (given !== undefined && typeof given !== 'string') {
    checkPool(given);
    return { open: (onInUse) => Store.open({ pool: given }, onInUse) };
  }
  if (given !== undefined && !databaseAddress.safeParse(given).success) {
    throw new SettingsError(
      'The database given must be an address like postgres://user:password@host/database, or a pool of pg.',
    );
  }
  return { open: (onInUse) => Store.open({ url: given, dataDir: settings.QUIRE_DATA_DIR }, onInUse) };
}

/** Many apps have this variable for a database of their own. */
function warnOfUnusedDatabase({ store, database }: QuireOptions, settings: Settings, logger: Logger): void {
  const isChosen = Boolean(store ?? database ?? settings.QUIRE_DATABASE_URL);
  if (isChosen || !process.env.DATABASE_URL?.trim()) return;
  logger.warn({ what_to_do: 'set QUIRE_DATABASE_URL or the option database' }, 'DATABASE_URL is not used');
}

function chooseFlags({ unleash }: QuireOptions, settings: Settings, logger: Logger): Promise<Flags> {
  if (unleash) return Promise.resolve(Flags.given(unleash, logger));
  const { UNLEASH_URL: url, UNLEASH_API_TOKEN: token } = settings;
  if (url && token) {
    const { UNLEASH_REFRESH_MS: refreshMs, UNLEASH_BACKUP_DIR: backupDir } = settings;
    return Flags.fromServer({ url, token, refreshMs, backupDir }, logger);
  }
  if (url ?? token) throw new SettingsError('UNLEASH_URL and UNLEASH_API_TOKEN must be set together.');
  return Flags.fromBootstrap(logger);
}

function checkedPlan(given: PlanChoice): PlanChoice {
  const plan = planChoice.safeParse(given);
  if (plan.success) return plan.data;
  throw new SettingsError(
    `The plan must be { path: 'single-page' } or { path: 'batch', batchSize, maxWorkers } with whole numbers; batchSize may be 'auto'.`,
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
