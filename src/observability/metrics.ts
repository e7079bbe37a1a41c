import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { ANSWER_FORM_STATES, type AnswerFormState } from '../llm/answer-forms.js';
import { FAILURE_REASONS } from '../llm/failure-reason.js';
import type { Usage } from '../llm/usage.js';
import type { EndEvent } from '../documents/events.js';
import type { OpsAction } from '../documents/for-ops.js';
import type { DeliveryOutcome } from '../documents/webhook.js';
import type { StoreState } from '../documents/opening.js';
import type { Watch } from '../documents/reading.js';
import type { BatchFailure } from '../processor/reading.js';
import type { ProcessingPlan } from '../processor/plan.js';
import type { MissingPage, Timings } from '../stages/record.js';
import { REPLICA_STATES, type Replica } from '../store/replicas.js';
import { STORE_TROUBLES } from '../store/database.js';
import { SettingsError } from '../settings.js';
import type { ComparedField, ComparisonKind } from '../comparison/compare.js';
import type { FlagsState, ImpactMetrics } from '../rollout/flags.js';
import { causeOf, FAILURE_CAUSES } from './failure-cause.js';
import type { MetricRegistry } from './metric-registry.js';
import type { ModelTrouble } from './model-health.js';
import { concernsBatches } from '../rollout/rollback.js';
import type { RollbackChange, RollbackState } from '../rollout/rollback-rules.js';
import type { Agreement } from '../comparison/running-agreement.js';
import type { ShadowOutcome } from '../comparison/shadow.js';
import { SlidingWindow } from '../sliding-window.js';

type Path = ProcessingPlan['path'];
const PATHS: readonly Path[] = ['single-page', 'batch'];
const ROLLBACK_STATES: readonly RollbackState[] = ['closed', 'open', 'half_open'];
const COMPARISONS: readonly ComparisonKind[] = ['candidate', 'noise'];
const SCOPES = ['page', 'merged'] as const;

const PAGE_REASONS: readonly MissingPage['reason'][] = [
  ...FAILURE_REASONS,
  ...([
    'page_damaged',
    'page_too_long',
    'document_too_long',
    'xfa_form',
    'drawing_failed',
    'drawing_timeout',
    'ocr_failed',
    'ocr_timeout',
    'ocr_document_timeout',
  ] as const),
];
const SHADOW_OUTCOMES: readonly ShadowOutcome[] = [
  'compared',
  'failed',
  'gave_way',
  'budget',
  'no_price',
  'queue_full',
];

const HOUR_MS = 60 * 60 * 1_000;

/** What is read at the moment of a scrape. */
export interface LiveSources {
  flags: { readonly state: FlagsState; readonly impactMetrics?: ImpactMetrics | undefined };
  rollback: { readonly state: RollbackState; readonly failureRate: number | null };
  shadow: { readonly agreement: Agreement; readonly spentTodayUsd: number; readonly budgetUsd: number };
  documents: {
    /** Of this process. */
    readonly load: { reading: number; waiting: number };
    readonly trouble: StoreState | null;
    /** Statements that the store did not do, by trouble. */
    readonly failures: ReadonlyMap<string, number>;
  };
  /** Undefined where this process reads alone. */
  replicas:
    | {
        all(): Promise<readonly Pick<Replica, 'state'>[]>;
        /** To the model service, of all of them. */
        callsUnderWay(): Promise<number>;
      }
    | undefined;
  modelHealth: { readonly trouble: ModelTrouble | null };
  /** Absent where the settings say the form. */
  answerForms: { readonly state: AnswerFormState } | undefined;
}

type HourSum = `${Path} ${'documents' | 'seconds' | 'calls' | 'priced' | 'usd'}`;

/**
 * Everything published at `/metrics`, in a registry of its own: several Quires may live in one process.
 * Published in the app's registry as well, where it gives one; the process's own figures are then the app's to publish.
 */
export class Metrics {
  readonly registry: Registry;
  readonly #own = new Registry();
  readonly #host: MetricRegistry | undefined;
  readonly #hour = new SlidingWindow<HourSum>(HOUR_MS);
  #live: LiveSources | undefined;

  /** @throws {SettingsError} when the app's registry has a metric of one of the names */
  constructor(host?: MetricRegistry) {
    this.#hourly(
      'avg_processing_time_seconds',
      'Seconds a document takes, on average over the last hour',
      (path) => ratio(this.#hour.sum(`${path} seconds`), this.#hour.sum(`${path} documents`)),
    );
    this.#hourly(
      'llm_calls_per_document',
      'Calls to the model a document takes, over the last hour',
      (path) => ratio(this.#hour.sum(`${path} calls`), this.#hour.sum(`${path} documents`)),
    );
    this.#hourly('cost_per_document', 'USD a document costs, over the last hour', (path) =>
      ratio(this.#hour.sum(`${path} usd`), this.#hour.sum(`${path} priced`)),
    );
    this.#hourly('documents_per_hour', 'Documents completed that made calls, over the last hour', (path) =>
      this.#hour.sum(`${path} documents`),
    );
    this.#gauge(
      'batch_failure_rate',
      'Share of batch calls that failed before salvage',
      (set, { rollback }) => set({}, rollback.failureRate),
    );
    this.#gauge('quire_unleash_up', 'Whether the last poll of Unleash succeeded', (set, { flags }) => {
      if (isWatched(flags.state)) set({}, isUp(flags.state) ? 1 : 0);
    });
    this.#gauge('quire_unleash_last_contact_age_seconds', 'Since Unleash last answered', (set, { flags }) => {
      const { lastContactAgeMs: age } = flags.state;
      set({}, age === null ? null : age / 1_000);
    });
    this.#gauge('quire_unleash_token_refused', 'Whether Unleash refuses the token', (set, { flags }) => {
      if (isWatched(flags.state)) set({}, flags.state.problem === 'token_refused' ? 1 : 0);
    });
    this.#gauge(
      'quire_rollback_state',
      'Automatic rollback: 1 for the state it is in',
      (set, { rollback }) =>
        ROLLBACK_STATES.forEach((state) => set({ state }, rollback.state === state ? 1 : 0)),
      ['state'],
    );
    this.#gauge(
      'quire_answer_form_state',
      'How batches are answered: 1 for the state it is in',
      (set, { answerForms }) => {
        if (!answerForms) return;
        for (const state of ANSWER_FORM_STATES) set({ state }, answerForms.state === state ? 1 : 0);
      },
      ['state'],
    );
    this.#gauge(
      'quire_shadow_agreement',
      'Share of fields on which two readings agree, over the last 24 hours',
      (set, { shadow }) => {
        const { agreement } = shadow.agreement;
        for (const comparison of COMPARISONS) {
          for (const scope of SCOPES) set({ comparison, scope }, agreement[comparison][scope]);
        }
      },
      ['comparison', 'scope'],
    );
    this.#gauge('quire_shadow_spent_today_usd', 'Spent on shadows today (UTC)', (set, { shadow }) =>
      set({}, shadow.spentTodayUsd),
    );
    this.#gauge('quire_shadow_budget_usd', 'The most shadows may cost in a day', (set, { shadow }) =>
      set({}, shadow.budgetUsd),
    );
    this.#gauge('quire_documents_reading', 'Documents being read by this process', (set, { documents }) =>
      set({}, documents.load.reading),
    );
    this.#gauge('quire_documents_waiting', 'Documents waiting in this process', (set, { documents }) =>
      set({}, documents.load.waiting),
    );
    this.#gauge(
      'quire_documents_failed_in_a_row',
      'Documents that failed since one was read by calls',
      (set) => set({}, this.#failedInARow),
    );
    this.#gauge(
      'quire_store_trouble',
      'Why the store cannot be used: 1 for the trouble it has',
      (set, { documents }) =>
        STORE_TROUBLES.forEach((trouble) => set({ trouble }, documents.trouble?.trouble === trouble ? 1 : 0)),
      ['trouble'],
    );
    this.#storeFailures();
    this.#replicas();
    this.#gauge(
      'quire_model_trouble',
      'Why one call after the other fails: 1 for the last reason, until a call is answered',
      (set, { modelHealth }) =>
        FAILURE_REASONS.forEach((reason) => set({ reason }, modelHealth.trouble?.reason === reason ? 1 : 0)),
      ['reason'],
    );
    this.#startAtZero();
    this.#host = host;
    this.registry = host ? this.#own : Registry.merge([this.#own, processMetrics()]);
    if (host) publish(this.#own, host);
  }

  readonly #documentSeconds = this.#histogram(
    'quire_document_seconds',
    'Seconds a document takes',
    [0.1, 0.5, 1, 2, 4, 8, 12, 20, 30, 45, 60, 90, 180, 600],
  );
  readonly #documentCalls = this.#histogram(
    'quire_document_llm_calls',
    'Calls to the model a document takes',
    [1, 2, 3, 4, 5, 7, 10, 15, 20, 50, 100, 500],
  );
  readonly #documentCost = this.#histogram(
    'quire_document_cost_usd',
    'USD a document costs',
    [0.005, 0.01, 0.025, 0.05, 0.0775, 0.1, 0.155, 0.25, 0.5, 1, 5],
  );
  readonly #stageSeconds = this.#histogram(
    'quire_stage_seconds',
    'Seconds a document spends in a stage',
    [0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 20, 45, 90, 300],
    ['stage'],
  );
  readonly #callSeconds = this.#histogram(
    'quire_llm_call_seconds',
    'Seconds a call to the model takes, without the wait for its turn',
    [0.05, 0.25, 0.5, 1, 2, 4, 6, 8, 12, 20, 40, 80, 120],
  );
  readonly #documents = this.#counter('quire_documents_total', 'Documents read', 'path', 'outcome');
  readonly #failedDocuments = this.#counter(
    'quire_failed_documents_total',
    'Documents that failed, by cause',
    'path',
    'cause',
  );
  #failedInARow = 0;
  readonly #failedPages = this.#counter('quire_failed_pages_total', 'Pages a record lacks', 'path', 'reason');
  readonly #calls = this.#counter('quire_llm_calls_total', 'Requests to the model', 'path', 'purpose');
  readonly #failedCalls = this.#counter(
    'quire_llm_failed_calls_total',
    'Requests to the model that the service did not answer',
    'path',
    'reason',
  );
  readonly #documentTokens = this.#counter(
    'quire_document_tokens_total',
    'Tokens billed for documents completed that made calls',
    'path',
    'kind',
  );
  readonly #refused = this.#counter('quire_uploads_refused_total', 'Uploads not taken', 'reason');
  readonly #opsActions = this.#counter(
    'quire_ops_actions_total',
    'What ops did to documents',
    'action',
    'outcome',
  );
  readonly #webhook = this.#counter(
    'quire_webhook_deliveries_total',
    'Tries to tell the webhook of a document',
    'outcome',
  );
  readonly #tokens = this.#counter('quire_llm_tokens_total', 'Tokens billed', 'path', 'kind');
  readonly #cost = this.#counter('quire_llm_cost_usd_total', 'USD billed, where the price is known', 'path');
  readonly #sent = this.#counter('quire_llm_sent_bytes_total', 'Bytes of requests to the model', 'path');
  readonly #received = this.#counter('quire_llm_received_bytes_total', 'Bytes of its answers', 'path');
  readonly #batches = this.#counter(
    'quire_batch_calls_total',
    'Batch calls, before salvage, but for those the service turned down',
    'outcome',
  );
  readonly #batchFailures = this.#counter(
    'quire_batch_failures_total',
    'Batch calls that failed, before salvage',
    'reason',
  );
  readonly #decisions = this.#counter('quire_plan_decisions_total', 'Requests by path', 'path', 'reason');
  readonly #changes = this.#counter(
    'quire_rollback_changes_total',
    'Changes of state of the automatic rollback',
    'to',
    'cause',
  );
  readonly #shadowFields = this.#counter(
    'quire_shadow_fields_total',
    'Fields compared by shadows',
    'comparison',
    'scope',
    'outcome',
  );
  readonly #shadowRuns = this.#counter('quire_shadow_runs_total', 'Shadows by what came of them', 'outcome');
  readonly #shadowCost = this.#counter(
    'quire_shadow_cost_usd_total',
    'USD billed for shadows; for calls that were broken off, the most they can have cost',
  );

  /** A counter that appears only with its first event hides that event from `increase()`. */
  #startAtZero(): void {
    for (const path of PATHS) {
      for (const outcome of ['completed', 'failed', 'aborted']) this.#documents.inc({ path, outcome }, 0);
      for (const purpose of ['first', 'salvage']) this.#calls.inc({ path, purpose }, 0);
      for (const cause of FAILURE_CAUSES) this.#failedDocuments.inc({ path, cause }, 0);
      for (const reason of PAGE_REASONS) this.#failedPages.inc({ path, reason }, 0);
      for (const reason of FAILURE_REASONS) this.#failedCalls.inc({ path, reason }, 0);
    }
    for (const outcome of ['ok', 'failed']) this.#batches.inc({ outcome }, 0);
    for (const outcome of ['delivered', 'failed', 'given_up']) this.#webhook.inc({ outcome }, 0);
    for (const outcome of SHADOW_OUTCOMES) this.#shadowRuns.inc({ outcome }, 0);
  }

  /** Names the sources of the figures that are read at a scrape. */
  follow(sources: LiveSources): void {
    this.#live = sources;
  }

  /** Takes everything out of the app's registry again. */
  withdraw(): void {
    for (const { name } of this.#own.getMetricsAsArray()) this.#host?.removeSingleMetric(name);
  }

  /** Counts what becomes of documents. */
  readonly watch: Watch = (event, { decision, error }) => {
    const { path } = decision.plan;
    switch (event.type) {
      case 'accepted':
        this.#decisions.inc({ path, reason: event.reason });
        break;
      case 'call_ended':
        this.#calls.inc({ path, purpose: event.purpose });
        this.#callSeconds.observe({ path }, event.ms / 1_000);
        this.#sent.inc({ path }, event.sent_bytes);
        this.#received.inc({ path }, event.received_bytes);
        if (event.outcome !== 'answered' && event.outcome !== 'broken_off') {
          this.#failedCalls.inc({ path, reason: event.outcome });
        }
        break;
      case 'batch_checked':
        this.#batchChecked(event.failure);
        break;
      case 'completed':
      case 'failed':
      case 'broken_off':
        this.#ended(path, event, error);
    }
  };

  #batchChecked(failure: BatchFailure | null): void {
    if (concernsBatches(failure)) this.#batches.inc({ outcome: failure ? 'failed' : 'ok' });
    if (failure) this.#batchFailures.inc({ reason: failure });
  }

  #ended(path: Path, end: EndEvent, error: unknown): void {
    const { type, usage, timings, failed_by_reason: failed } = end;
    this.#documents.inc({ path, outcome: type === 'broken_off' ? 'aborted' : type });
    this.#billed(path, usage);
    for (const [reason, pages] of Object.entries(failed)) this.#failedPages.inc({ path, reason }, pages);
    if (type === 'failed') this.#failed(path, causeOf(end, error));
    // One that failed, or found all its answers kept, tells nothing of how its path does.
    if (type === 'completed' && timings && usage.calls > 0) this.#completed(path, usage, timings);
  }

  #failed(path: Path, cause: (typeof FAILURE_CAUSES)[number]): void {
    this.#failedDocuments.inc({ path, cause });
    if (cause !== 'file') this.#failedInARow++;
  }

  #completed(path: Path, usage: Usage, { total_ms, ...stages }: Timings): void {
    this.#failedInARow = 0;
    const seconds = total_ms / 1_000;
    this.#documentSeconds.observe({ path }, seconds);
    this.#documentCalls.observe({ path }, usage.calls);
    countTokens(this.#documentTokens, path, usage);
    for (const [key, ms] of Object.entries(stages)) {
      this.#stageSeconds.observe({ path, stage: key.replace(/_ms$/, '') }, ms / 1_000);
    }
    this.#hour.add({
      [`${path} documents`]: 1,
      [`${path} seconds`]: seconds,
      [`${path} calls`]: usage.calls,
    });
    if (usage.cost_usd !== null) {
      this.#documentCost.observe({ path }, usage.cost_usd);
      this.#hour.add({ [`${path} priced`]: 1, [`${path} usd`]: usage.cost_usd });
    }
    this.#reportImpact();
  }

  #billed(path: Path, usage: Usage): void {
    countTokens(this.#tokens, path, usage);
    if (usage.cost_usd !== null) this.#cost.inc({ path }, usage.cost_usd);
  }

  uploadRefused(reason: string): void {
    this.#refused.inc({ reason });
  }

  opsActed({ action, outcome }: OpsAction): void {
    this.#opsActions.inc({ action, outcome });
  }

  webhookTold(outcome: DeliveryOutcome): void {
    this.#webhook.inc({ outcome });
  }

  rollbackChanged({ to, cause }: RollbackChange): void {
    this.#changes.inc({ to, cause });
  }

  shadowEnded(outcome: ShadowOutcome, costUsd: number): void {
    this.#shadowRuns.inc({ outcome });
    this.#shadowCost.inc(costUsd);
  }

  compared(comparison: ComparisonKind, fields: readonly ComparedField[]): void {
    for (const { scope, outcome } of fields) this.#shadowFields.inc({ comparison, scope, outcome });
  }

  /** The main figures over both paths, for the impact metrics of Unleash, which know no labels of ours. */
  #reportImpact(): void {
    const { flags, rollback } = this.#live ?? {};
    const { impactMetrics } = flags ?? {};
    if (!impactMetrics) return;
    const both = (name: 'documents' | 'seconds' | 'calls' | 'priced' | 'usd') =>
      PATHS.reduce((total, path) => total + this.#hour.sum(`${path} ${name}`), 0);
    const figures: Record<ImpactName, number | null> = {
      avg_processing_time_seconds: ratio(both('seconds'), both('documents')),
      llm_calls_per_document: ratio(both('calls'), both('documents')),
      cost_per_document: ratio(both('usd'), both('priced')),
      documents_per_hour: both('documents'),
      batch_failure_rate: rollback?.failureRate ?? null,
    };
    try {
      for (const [name, help] of IMPACT) {
        const value = figures[name];
        if (value === null) continue;
        // Each time, because the client may be another one by now.
        impactMetrics.defineGauge(name, help);
        impactMetrics.updateGauge(name, value);
      }
    } catch {
      // The client may be the app's own; a document is not lost over it.
    }
  }

  #hourly(name: string, help: string, value: (path: Path) => number | null): void {
    this.#gauge(name, help, (set) => PATHS.forEach((path) => set({ path }, value(path))), ['path']);
  }

  /** A gauge that is read at a scrape; what has no value is left out of it. */
  #gauge(
    name: string,
    help: string,
    read: (set: (labels: Record<string, string>, value: number | null) => void, live: LiveSources) => void,
    labelNames: string[] = [],
  ): void {
    const live = () => this.#live;
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#own],
      collect() {
        this.reset();
        if (labelNames.length === 0) this.remove();
        const sources = live();
        if (sources) read((labels, value) => value !== null && this.set(labels, value), sources);
      },
    });
  }

  /** The store counts them itself. */
  #storeFailures(): void {
    const live = () => this.#live;
    new Counter({
      name: 'quire_store_failures_total',
      help: 'Statements that the store did not do, by trouble',
      labelNames: ['trouble'],
      registers: [this.#own],
      collect() {
        this.reset();
        const failures = live()?.documents.failures;
        for (const trouble of STORE_TROUBLES) this.inc({ trouble }, failures?.get(trouble) ?? 0);
      },
    });
  }

  /** Of all replicas, the same from each; nothing while the database is away. */
  #replicas(): void {
    const live = () => this.#live?.replicas;
    new Gauge({
      name: 'quire_replicas',
      help: 'Replicas that share the work, by state',
      labelNames: ['state'],
      registers: [this.#own],
      async collect() {
        const all = await live()
          ?.all()
          .catch(() => undefined);
        this.reset();
        for (const state of all ? REPLICA_STATES : []) {
          this.set({ state }, all?.filter((replica) => replica.state === state).length ?? 0);
        }
      },
    });
    new Gauge({
      name: 'quire_shared_calls',
      help: 'Calls to the model that all replicas together have under way',
      registers: [this.#own],
      async collect() {
        const calls = await live()
          ?.callsUnderWay()
          .catch(() => undefined);
        this.remove();
        if (calls !== undefined) this.set(calls);
      },
    });
  }

  #histogram(name: string, help: string, buckets: number[], more: string[] = []): Histogram {
    return new Histogram({ name, help, buckets, labelNames: ['path', ...more], registers: [this.#own] });
  }

  #counter(name: string, help: string, ...labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#own] });
  }
}

/** @throws {SettingsError} before anything is published */
function publish(own: Registry, host: MetricRegistry): void {
  const metrics = own.getMetricsAsArray();
  const taken = metrics.flatMap(({ name }) => (host.getSingleMetric(name) ? name : []));
  if (taken.length > 0) {
    throw new SettingsError(
      `The registry already has ${taken.join(', ')}. Give each Quire of a process a registry of its own.`,
    );
  }
  for (const metric of metrics) host.registerMetric(metric);
}

/** How it stands with a client of the caller's is known once the server has answered it, or did not. */
function isWatched({ source, problem, lastContactAgeMs }: FlagsState): boolean {
  return source === 'server' || (source === 'caller' && (problem !== null || lastContactAgeMs !== null));
}

function isUp({ problem, lastContactAgeMs }: FlagsState): boolean {
  return problem === null && lastContactAgeMs !== null;
}

let processRegistry: Registry | undefined;

/** CPU, memory, event loop: observed once a process, however many Quires publish them. */
function processMetrics(): Registry {
  if (!processRegistry) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}

type ImpactName = (typeof IMPACT)[number][0];
const IMPACT = [
  ['avg_processing_time_seconds', 'Seconds a document takes, over the last hour'],
  ['llm_calls_per_document', 'Calls to the model a document takes, over the last hour'],
  ['cost_per_document', 'USD a document costs, over the last hour'],
  ['documents_per_hour', 'Documents completed, over the last hour'],
  ['batch_failure_rate', 'Share of batch calls that failed before salvage'],
] as const;

function countTokens(counter: Counter, path: Path, usage: Usage): void {
  counter.inc({ path, kind: 'prompt' }, usage.prompt_tokens);
  counter.inc({ path, kind: 'cached' }, usage.cached_tokens);
  counter.inc({ path, kind: 'completion' }, usage.completion_tokens);
}

function ratio(sum: number, count: number): number | null {
  return count === 0 ? null : sum / count;
}
