import { setMaxListeners } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import { DailyBudget } from './comparison/budget.js';
import { RunningAgreement } from './comparison/running-agreement.js';
import { SharedBudget, type KeptSpending } from './comparison/shared-budget.js';
import { Shadow, type ShadowTools } from './comparison/shadow.js';
import { keepReadAgain } from './documents/read-again.js';
import type { DocumentContext, PdfContext } from './documents/context.js';
import { readForCaller, type GivenDocument } from './documents/for-caller.js';
import { DocumentsOpening } from './documents/opening.js';
import { PagePictures } from './documents/page-pictures.js';
import { readDocument, type Watch } from './documents/reading.js';
import { GivenDocuments } from './engine/given.js';
import type { SharedEngine } from './engine/shared.js';
import { ArrivingUploads } from './http/arriving.js';
import { pagesRouter } from './http/pages.js';
import { quireRouter, type RouterTools } from './http/router.js';
import type { RouterOptions } from './http/router-options.js';
import { logRefusals, type RefusalReason } from './http/refusals.js';
import { userKey } from './http/sender.js';
import { UploadFolder } from './http/upload-folder.js';
import { EMBEDDED_MODEL_ID } from './embedded-model/service.js';
import type { CallQueue } from './llm/queue.js';
import { ModelService, serviceName } from './llm/service.js';
import type { PriceTable } from './llm/usage.js';
import { loggable, unfailing, usualLogger, type Logger } from './logger.js';
import {
  logAction,
  logAdaptations,
  logAnswerForm,
  logEnds,
  warnOfUnpricedTiers,
} from './observability/log.js';
import { Metrics } from './observability/metrics.js';
import { ModelHealth } from './observability/model-health.js';
import { ServiceRemarks } from './observability/service-remarks.js';
import { Traces } from './observability/traces.js';
import {
  checkedPlan,
  chooseEngine,
  chooseFlags,
  chooseModel,
  chooseWebhook,
  EMBEDDED_PRICE,
  storePlace,
  warnOfUnusedDatabase,
  type ChosenModel,
  type QuireOptions,
} from './options.js';
import { autoPlan } from './processor/auto-plan.js';
import {
  formatPlan,
  parsePlanChoice,
  SINGLE_PAGE,
  type AutoPlan,
  type BatchPlan,
  type PlanChoice,
} from './processor/plan.js';
import { PageProcessor } from './processor/processor.js';
import { AnswerFormChoice } from './rollout/answer-form.js';
import { Decisions } from './rollout/decision.js';
import type { Flags } from './rollout/flags.js';
import { Rollback } from './rollout/rollback.js';
import { ReplicatedStates } from './shared-state/replicated-states.js';
import { Sharing } from './sharing.js';
import { readSettings, SettingsError, warnOfMisspelt, type Settings } from './settings.js';
import { pagesGiven } from './stages/given-pages.js';
import { PageDrawer } from './stages/page-drawer.js';
import { PageReader } from './stages/page-texts.js';
import { missingLanguages } from './stages/ocr-languages.js';
import type { DocumentRecord } from './stages/record.js';

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
  processPdf(bytes: Uint8Array, context?: PdfContext): Promise<DocumentRecord>;
  /**
   * The routes of the upload flow and of ops, to be mounted under any path of an app on Express 4 or 5.
   *
   * @throws {SettingsError} for `allowOrigins` that are none
   */
  router(
    options?: RouterOptions,
  ): (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;
  /**
   * The pages people see, to be mounted beside the routes: `app.use('/quire', quire.router(), quire.pages())`. They
   * hold nothing of a document themselves.
   */
  pages(): (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;
  /**
   * A secret for a host of the routes, the same for all processes that share the database.
   *
   * @throws {StoreError} when the store does not open
   */
  secret(name: string): Promise<string>;
  /** Takes no more documents, stops those being read and gives back everything that was started. */
  close(): Promise<void>;
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
  const engine = await chooseEngine(options, settings);
  const model = await chooseModel(options, settings);
  let flags: Flags | undefined;
  try {
    flags = await chooseFlags(options, settings, logger);
    return assembled(options, settings, { model, flags, engine, logger });
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
  engine: SharedEngine | undefined;
  logger: Logger;
}

function assembled(
  options: QuireOptions,
  settings: Settings,
  { model, flags, engine, logger }: Started,
): Quire {
  const place = storePlace(options, settings, engine);
  const fixedPlan = options.plan ? checkedPlan(options.plan) : parsePlanChoice(settings.QUIRE_PLAN ?? '');
  const service = ModelService.of(model.client);
  const { queue } = service;
  const asked = {
    client: model.client,
    name: model.name,
    timeoutMs: settings.LLM_TIMEOUT_MS,
    outagePatienceMs: settings.LLM_OUTAGE_PATIENCE_MS,
    requestDefaults: settings.LLM_REQUEST_DEFAULTS,
    budget: {
      input: settings.LLM_INPUT_BUDGET,
      output: settings.LLM_OUTPUT_BUDGET,
      outputPerPage: settings.LLM_OUTPUT_TOKENS_PER_PAGE,
    },
    responseFormat: settings.LLM_RESPONSE_FORMAT,
    tokenParameter: settings.LLM_TOKEN_PARAMETER,
  };
  // What is set is kept.
  const answerForms = settings.LLM_ANSWER_FORM ? undefined : service.model(model.name).answerForms;
  const asking = { pageAttempts: settings.LLM_PAGE_ATTEMPTS, answerForm: settings.LLM_ANSWER_FORM };
  const processor = new PageProcessor({ model: asked, ...asking });
  const shadowDefaults = { ...settings.LLM_REQUEST_DEFAULTS, ...settings.LLM_SHADOW_REQUEST_DEFAULTS };
  const shadowProcessor = new PageProcessor({
    model: { ...asked, requestDefaults: shadowDefaults },
    ...asking,
  });
  const missing = missingLanguages(settings.OCR_LANGUAGES);
  if (missing.length > 0) throw new SettingsError(`OCR_LANGUAGES: install ${missing.join(', ')}.`);
  const reader = new PageReader({
    maxPages: settings.PDF_MAX_PAGES,
    timeLimitMs: settings.PDF_TIME_LIMIT_MS,
    ocrTimeLimitMs: settings.OCR_TIME_LIMIT_MS,
    ocrDocumentTimeLimitMs: settings.OCR_DOCUMENT_TIME_LIMIT_MS,
    memoryMb: settings.PDF_MEMORY_MB,
    languages: settings.OCR_LANGUAGES,
  });
  const webhook = chooseWebhook(settings);
  const pictures = new PagePictures(
    new PageDrawer({
      memoryMb: settings.PDF_MEMORY_MB,
      languages: settings.OCR_LANGUAGES,
      timeLimitMs: settings.PDF_TIME_LIMIT_MS,
    }),
  );
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const prices = { ...settings.LLM_PRICES, ...EMBEDDED_PRICE };
  const onUnpricedTier = warnOfUnpricedTiers(logger);
  const onShareTrouble = (error: unknown) =>
    logger.warn(loggable(error), 'what the replicas share cannot be kept for now');
  const states = engine && new ReplicatedStates(onShareTrouble);
  const rollout = {
    flags,
    fixedPlan,
    shadowProcessor,
    queue,
    states,
    closing: closing.signal,
    logger,
    // Asked for once documents are opened.
    spending: async () => (await documents.opened()).store.shared.spending,
  };
  const { decisions, metrics, modelHealth, rollback, shadow } = newRollout(options, settings, {
    ...rollout,
    prices,
    onUnpricedTier,
    autoPlan: (choice, pages) => autoPlan(asked, choice, { pages, documents: inWork() }),
    onReadAgain: (id, again) => void keepReadAgain(() => documents.opened(), logger, id, again),
    answerForms:
      answerForms && new AnswerFormChoice(answerForms, (change) => logAnswerForm(logger, model.name, change)),
  });
  const sharing =
    states &&
    new Sharing(
      queue,
      states,
      {
        service: serviceName(model.client, model.name),
        concurrency: settings.LLM_GLOBAL_CONCURRENCY,
        requestsPerMinute: settings.LLM_REQUESTS_PER_MINUTE,
        tokensPerMinute: settings.LLM_TOKENS_PER_MINUTE,
        leaseMs: settings.LLM_TIMEOUT_MS + LEASE_MARGIN_MS,
      },
      onShareTrouble,
    );
  const traces = new Traces(asked);
  const remarks = new ServiceRemarks();
  const logEnd = logEnds(logger);
  const logAdaptation = logAdaptations(logger);
  const watch: Watch = (event, source) => {
    metrics.watch(event, source);
    traces.watch(event, source);
    logEnd(event, source);
    logAdaptation(event, source);
    if (event.type === 'call_ended') modelHealth.update(event);
    remarks.update(event);
    if (event.type === 'batch_checked') source.decision.admission?.onBatch(event.failure);
  };
  const reading = { processor, prices, onUnpricedTier, shadow, watch, modelName: model.name };
  const given = new GivenDocuments();
  const readGiven = ({ signal, onWait, ...context }: DocumentContext, document: GivenDocument) => {
    // Of a user, in the same share as what they upload.
    const owner = context.userId === undefined ? undefined : userKey(context.userId);
    const ofDocument = queue.document(onWait, owner);
    return given.read({ queue: ofDocument, isKept: context.answers !== undefined, signal }, (run) =>
      readForCaller(reading, decisions, document, { ...context, ...run, queue: ofDocument }),
    );
  };
  const documents: DocumentsOpening = new DocumentsOpening(place, settings, {
    reader,
    decisions,
    read: (request, source) => readDocument(reading, request, source),
    engine,
    share: async (common) => {
      const end = await sharing?.begin(common);
      return async () => {
        // What is known of the rollout is written before the store is closed.
        if (closing.signal.aborted) await states?.close();
        await end?.();
      };
    },
    newQueue: (onWait, { party, claim, onLost }) =>
      queue.document(onWait, party.owner, { document: claim.id, run: claim.run, onLost }),
    watch,
    onDelete: (id) => {
      shadow.forget(id);
      pictures.forget(id);
    },
    onDocument: options.onDocument,
    webhook: webhook && { ...webhook, onOutcome: (outcome) => metrics.webhookTold(outcome) },
    logger,
  });
  const uploadFolder = new UploadFolder(settings.QUIRE_DATA_DIR, logger);
  const arriving = new ArrivingUploads({
    inAll: settings.UPLOADS_ARRIVING,
    perOwner: settings.UPLOADS_ARRIVING_PER_OWNER,
  });
  const inWork = () => given.count + arriving.count + documents.load.reading + documents.load.waiting;
  const logRefused = logRefusals(logger);
  const onRefused = (reason: RefusalReason) => {
    metrics.uploadRefused(reason);
    logRefused(reason);
  };
  const limits = {
    concurrency: settings.LLM_GLOBAL_CONCURRENCY ?? null,
    requests_per_minute: settings.LLM_REQUESTS_PER_MINUTE ?? null,
    tokens_per_minute: settings.LLM_TOKENS_PER_MINUTE ?? null,
  };
  metrics.follow({
    flags,
    rollback,
    shadow,
    documents,
    modelHealth,
    answerForms,
    replicas: sharing && {
      all: async () => (await documents.opened()).documents.replicas(),
      callsUnderWay: async () => (await sharing.callsUnderWay()).inAll,
    },
  });

  // Last: what fails before leaves no trace at a service that others use.
  const uncap = service.cap(
    Math.min(settings.LLM_MAX_CONCURRENCY, settings.LLM_GLOBAL_CONCURRENCY ?? Infinity),
  );
  const endSpacing = service.space({
    requests: engine ? undefined : settings.LLM_REQUESTS_PER_MINUTE,
    tokens: engine ? undefined : settings.LLM_TOKENS_PER_MINUTE,
  });
  // Others count on it, whether or not it has routes.
  if (engine) void documents.open();
  const planShown = settings.QUIRE_FORCE_SINGLE_PAGE ? SINGLE_PAGE : fixedPlan;
  const routes: RouterTools = {
    opened: () => documents.opened(),
    about: {
      model: model.shownAs,
      is_embedded: model.name === EMBEDDED_MODEL_ID,
      plan: planShown === undefined ? null : formatPlan(planShown),
      max_megabytes: settings.UPLOAD_MAX_MB,
      takes_ops_token: settings.OPS_TOKEN !== undefined,
    },
    uploads: { uploadFolder, arriving, onRefused, maxMegabytes: settings.UPLOAD_MAX_MB },
    pictures,
    overview: {
      plan: { flags, decisions, rollback, fixedPlan, forceSinglePage: settings.QUIRE_FORCE_SINGLE_PAGE },
      service: {
        model: model.shownAs,
        modelHealth,
        remarks,
        queue,
        answerForms,
        limits,
        told: () => service.model(model.name).limits.told,
        form: () => service.model(model.name).dialect(asked).form,
      },
    },
    operations: {
      flags,
      decisions,
      rollback,
      shadow,
      metrics,
      modelHealth,
      answerForms,
      forceSinglePage: settings.QUIRE_FORCE_SINGLE_PAGE,
      closing: closing.signal,
      storeTrouble: () => documents.troubleOnceTried(),
      load: () => documents.load,
      callsUnderWay: async () => (await sharing?.callsUnderWay()) ?? { inAll: 0, byReplica: new Map() },
      limits,
      onAction: (action) => {
        metrics.opsActed(action);
        logAction(logger, action);
      },
    },
    opsToken: settings.OPS_TOKEN,
    logger,
  };
  let hasRoutes = false;
  let closed: Promise<void> | undefined;
  return {
    modelName: model.shownAs,
    fixedPlan: planShown,
    processor,
    prices,
    async processPages(texts, context = {}) {
      const pages = pagesGiven(texts);
      return readGiven(context, {
        countPages: () => Promise.resolve(pages.size),
        source: () => ({ texts: pages, totalPages: pages.size, ocrPages: [], unreadablePages: [] }),
      });
    },
    processPdf(bytes, { ocr, ...context } = {}) {
      return readGiven(context, {
        countPages: (signal) =>
          reader.countPages(() => Promise.resolve(bytes), signal, settings.PDF_TIME_LIMIT_MS),
        source: (signal, onPage) => reader.read(bytes, { signal, onPage, ocr }),
      });
    },
    router(given = {}) {
      const router = quireRouter(routes, given);
      if (!hasRoutes) warnOfUnusedDatabase(options, settings, logger);
      hasRoutes = true;
      void documents.open();
      void uploadFolder.open();
      // The requests of the app's own Express, whichever version that is.
      return (request, response, next) => router(request as Request, response as Response, next);
    },
    pages() {
      const pages = pagesRouter(logger);
      return (request, response, next) => pages(request as Request, response as Response, next);
    },
    async secret(name) {
      return (await documents.opened()).store.secret(name);
    },
    close() {
      closed ??= endAll([
        () => closing.abort(new Error('Quire was closed.')),
        () => Promise.all([given.close(settings.SHUTDOWN_GRACE_MS), documents.close()]).then(() => undefined),
        () => states?.close() ?? Promise.resolve(),
        () => uploadFolder.close(),
        () => flags.close(),
        () => metrics.withdraw(),
        () => pictures.close(),
        () => reader.close(),
        () => model.close(),
        endSpacing,
        uncap,
      ]);
      return closed;
    },
  };
}

/** A call that has not ended so long after its time limit is taken for one that nobody waits for, in milliseconds. */
const LEASE_MARGIN_MS = 10_000;

interface Rollout {
  decisions: Decisions;
  metrics: Metrics;
  modelHealth: ModelHealth;
  rollback: Rollback;
  shadow: Shadow;
}

/** What all requests share: what decides them, watches them and compares them. */
function newRollout(
  { registry }: QuireOptions,
  settings: Settings,
  {
    flags,
    fixedPlan,
    autoPlan,
    answerForms,
    shadowProcessor,
    prices,
    onUnpricedTier,
    queue,
    states,
    spending,
    closing,
    onReadAgain,
    logger,
  }: {
    flags: Flags;
    fixedPlan: PlanChoice | undefined;
    autoPlan: (choice: AutoPlan, pages: number | undefined) => BatchPlan;
    answerForms: AnswerFormChoice | undefined;
    shadowProcessor: PageProcessor;
    prices: PriceTable;
    onUnpricedTier: (name: string) => void;
    queue: CallQueue;
    /** What the replicas share; undefined where this process reads alone. */
    states: ReplicatedStates | undefined;
    spending: () => Promise<KeptSpending>;
    closing: AbortSignal;
    onReadAgain: ShadowTools['onReadAgain'];
    logger: Logger;
  },
): Rollout {
  const forceSinglePage = settings.QUIRE_FORCE_SINGLE_PAGE;
  const metrics = new Metrics(registry);
  const modelHealth = new ModelHealth();
  const rollback = new Rollback(
    {
      // A fixed plan is kept: its failures are counted all the same.
      enabled: settings.ROLLBACK_AUTO && fixedPlan === undefined,
      batchFailures: settings.ROLLBACK_BATCH_FAILURES,
      falseAlarmDocuments: settings.ROLLBACK_FALSE_ALARM_DOCUMENTS,
      retryMs: settings.ROLLBACK_RETRY_MS,
    },
    (plan) => shadow.isAgreementLow(plan),
    (change) => {
      metrics.rollbackChanged(change);
      const message = change.to === 'closed' ? 'the batch path is back' : `automatic rollback: ${change.to}`;
      logger.warn({ to: change.to, cause: change.cause, failure_rate: rollback.failureRate }, message);
    },
    states && ((initial) => states.state('rollback/1', initial)),
  );
  const shadow: Shadow = new Shadow(
    { noiseShare: settings.SHADOW_NOISE_SHARE },
    {
      processor: shadowProcessor,
      budget: states
        ? new SharedBudget(settings.SHADOW_BUDGET_USD, spending)
        : new DailyBudget(settings.SHADOW_BUDGET_USD),
      running: new RunningAgreement(
        settings.ROLLBACK_AGREEMENT_FLOOR,
        states && ((initial) => states.state('agreement/1', initial)),
      ),
      prices,
      onUnpricedTier,
      newQueue: (patience) => queue.background(patience),
      signal: closing,
      logger,
      onCompared: (comparison, fields) => metrics.compared(comparison, fields),
      onOutcome: (outcome, costUsd) => metrics.shadowEnded(outcome, costUsd),
      onLowAgreement: () => rollback.agreementFell(),
      onReadAgain,
    },
  );
  const decisions = new Decisions({
    flags,
    rollback,
    fixedPlan,
    autoPlan,
    answerForms,
    forceSinglePage,
    logger,
  });
  return { decisions, metrics, modelHealth, rollback, shadow };
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
