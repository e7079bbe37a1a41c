import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { AzureOpenAI, OpenAI } from 'openai';
import type { OnDocument } from './documents/ended.js';
import type { StorePlace } from './documents/opening.js';
import type { WebhookSettings } from './documents/webhook.js';
import { EMBEDDED_MODEL_ID, EMBEDDED_MODEL_NAME, startEmbeddedModel } from './embedded-model/service.js';
import type { SharedEngine } from './engine/shared.js';
import type { ChatClient } from './llm/client.js';
import type { PriceTable } from './llm/usage.js';
import type { Logger } from './logger.js';
import type { MetricRegistry } from './observability/metric-registry.js';
import { planChoice, type PlanChoice } from './processor/plan.js';
import { Flags, type UnleashClient } from './rollout/flags.js';
import { databaseAddress, SettingsError, type Settings } from './settings.js';
import type { PostgresPool } from './store/postgres-pool.js';
import { checkPool } from './store/postgres.js';
import { applicationName } from './store/replicas.js';
import { Store } from './store/store.js';

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
  /**
   * Who reads documents: `local`, this process alone, or `dbos`, any number of replicas on one PostgreSQL, which needs
   * its address and DBOS for itself in this process. Default: the setting `QUIRE_ENGINE`, or else `local`.
   */
  engine?: 'local' | 'dbos' | undefined;
  /** The app's pino logger. Default: warnings and errors go to stderr. */
  logger?: Logger | undefined;
  /** The app's prom-client registry, where Quire's metrics are published until it is closed. Default: none. */
  registry?: MetricRegistry | undefined;
  /**
   * Told of each uploaded document that is done or has failed, in the process that ended it, once that is kept. What
   * it throws is logged and changes nothing. Default: nobody; the setting `WEBHOOK_URL` reaches other processes.
   */
  onDocument?: OnDocument | undefined;
  /** Settings that win over those of the environment, by the same names. */
  settings?: Partial<Settings> | undefined;
}

/** Connections of a replica that are for the engine, and the one for what the others tell. */
const ENGINE_CONNECTIONS = 3;
const NOTICE_CONNECTIONS = 1;
const LEAST_SHARED_CONNECTIONS = 2 + ENGINE_CONNECTIONS + NOTICE_CONNECTIONS;

/**
 * The engine by which several processes read; undefined where this one reads alone. Loaded only then.
 *
 * @throws {SettingsError} for a database that others cannot reach, too few connections, or another DBOS beside it
 */
export async function chooseEngine(
  { engine, store, database }: QuireOptions,
  settings: Settings,
): Promise<SharedEngine | undefined> {
  const chosen = engine ?? settings.QUIRE_ENGINE;
  if (!isEngine(chosen)) throw new SettingsError('The engine must be "local" or "dbos".');
  if (chosen === 'local') return undefined;
  const address = store ? store.address : (database ?? settings.QUIRE_DATABASE_URL);
  if (typeof address !== 'string') {
    throw new SettingsError(
      'The engine dbos needs the address of a PostgreSQL server that all replicas reach: set QUIRE_DATABASE_URL or the option database. It takes neither a pool nor the embedded database.',
    );
  }
  if (settings.DATABASE_POOL < LEAST_SHARED_CONNECTIONS) {
    throw new SettingsError(
      `DATABASE_POOL must be ${LEAST_SHARED_CONNECTIONS} or more with the engine dbos.`,
    );
  }
  const { startDbos, checkNoOther } = await import('./engine/dbos.js');
  checkNoOther();
  return {
    replica: { id: randomUUID(), name: `${hostname()}-${process.pid}`, version: packageVersion() },
    connections: ENGINE_CONNECTIONS,
    start: startDbos,
  };
}

function isEngine(given: unknown): given is Settings['QUIRE_ENGINE'] {
  return given === 'local' || given === 'dbos';
}

/** Of this module. */
export function packageVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

export function storePlace(
  { store, database }: QuireOptions,
  settings: Settings,
  engine: SharedEngine | undefined,
): StorePlace {
  if (store) return { store };
  const keepsPages = settings.QUIRE_KEEP_PAGE_WORDS;
  const given = database ?? settings.QUIRE_DATABASE_URL;
  if (given !== undefined && typeof given !== 'string') {
    checkPool(given);
    return { open: (onInUse) => Store.open({ pool: given, keepsPages }, onInUse) };
  }
  if (given !== undefined && !databaseAddress.safeParse(given).success) {
    throw new SettingsError(
      'The database given must be an address like postgres://user:password@host/database, or a pool of pg.',
    );
  }
  const connections = {
    connections: settings.DATABASE_POOL - (engine ? ENGINE_CONNECTIONS + NOTICE_CONNECTIONS : 0),
    connectionName: engine && applicationName(engine.replica.id),
  };
  return {
    open: (onInUse) =>
      Store.open({ url: given, ...connections, dataDir: settings.QUIRE_DATA_DIR, keepsPages }, onInUse),
  };
}

/** Many apps have this variable for a database of their own. */
export function warnOfUnusedDatabase(
  { store, database }: QuireOptions,
  settings: Settings,
  logger: Logger,
): void {
  const isChosen = Boolean(store ?? database ?? settings.QUIRE_DATABASE_URL);
  if (isChosen || !process.env.DATABASE_URL?.trim()) return;
  logger.warn({ what_to_do: 'set QUIRE_DATABASE_URL or the option database' }, 'DATABASE_URL is not used');
}

export function chooseFlags({ unleash }: QuireOptions, settings: Settings, logger: Logger): Promise<Flags> {
  if (unleash) return Promise.resolve(Flags.given(unleash, logger));
  const { UNLEASH_URL: url, UNLEASH_API_TOKEN: token } = settings;
  if (url && token) {
    const { UNLEASH_REFRESH_MS: refreshMs, UNLEASH_BACKUP_DIR: backupDir } = settings;
    return Flags.fromServer({ url, token, refreshMs, backupDir }, logger);
  }
  if (url ?? token) throw new SettingsError('UNLEASH_URL and UNLEASH_API_TOKEN must be set together.');
  return Flags.fromBootstrap(logger);
}

/** @throws {SettingsError} for one without the other */
export function chooseWebhook({
  WEBHOOK_URL: url,
  WEBHOOK_SECRET: secret,
}: Settings): WebhookSettings | undefined {
  if (url && secret) return { url, secret };
  if (url ?? secret) throw new SettingsError('WEBHOOK_URL and WEBHOOK_SECRET must be set together.');
  return undefined;
}

export function checkedPlan(given: PlanChoice): PlanChoice {
  const plan = planChoice.safeParse(given);
  if (plan.success) return plan.data;
  throw new SettingsError(
    `The plan must be { path: 'single-page' } or { path: 'batch', batchSize, maxWorkers } with whole numbers; batchSize may be 'auto'.`,
  );
}

/** The rules run in this process. */
export const EMBEDDED_PRICE: PriceTable = { [EMBEDDED_MODEL_ID]: { input: 0, output: 0 } };

export interface ChosenModel {
  client: ChatClient;
  name: string;
  shownAs: string;
  close(): Promise<void>;
}

export async function chooseModel({ openai, model }: QuireOptions, settings: Settings): Promise<ChosenModel> {
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
