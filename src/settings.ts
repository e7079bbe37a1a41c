import { totalmem } from 'node:os';
import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import type { Logger } from './logger.js';
import { priceTable, type PriceTable } from './llm/usage.js';
import {
  RESPONSE_FORMATS,
  TOKEN_PARAMETERS,
  type ResponseFormat,
  type TokenParameter,
} from './llm/dialect.js';
import { ANSWER_FORMS, type AnswerForm } from './llm/wire.js';
import { parsePlanChoice } from './processor/plan.js';

/** Thrown at start-up for a setting that is missing or cannot be used. Names it, never its value. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * All settings of the module, by the names they have in the environment. `createQuire({ settings })`
 * takes any of them; one that is not given there is taken from the environment, or else its default.
 */
export interface Settings {
  /** Key of the model service. Default: none; the embedded model reads. */
  OPENAI_API_KEY?: string | undefined;
  /** The model, or the deployment at Azure. Needed with a key. */
  OPENAI_MODEL?: string | undefined;
  /** Address of a compatible service, http or https. Default: OpenAI's. */
  OPENAI_BASE_URL?: string | undefined;
  /** Key at Azure; with `AZURE_OPENAI_ENDPOINT` and `OPENAI_API_VERSION`. */
  AZURE_OPENAI_API_KEY?: string | undefined;
  /** Endpoint at Azure, http or https. */
  AZURE_OPENAI_ENDPOINT?: string | undefined;
  /** API version at Azure. */
  OPENAI_API_VERSION?: string | undefined;
  /** Calls at once, over all documents of the process, 1 to 1,000. Default: 20. */
  LLM_MAX_CONCURRENCY: number;
  /** Calls at once, over all replicas, 1 to 10,000. Default: any number. */
  LLM_GLOBAL_CONCURRENCY?: number | undefined;
  /** Calls in a minute, over all replicas, 1 to 10,000,000. Default: any number. */
  LLM_REQUESTS_PER_MINUTE?: number | undefined;
  /** Tokens in a minute, sent and answered, over all replicas, 1 to 1,000,000,000,000. Default: any number. */
  LLM_TOKENS_PER_MINUTE?: number | undefined;
  /** Time limit of one call in milliseconds, 1 to 300,000. Default: 120,000. */
  LLM_TIMEOUT_MS: number;
  /** Failed or unusable answers after which a page is given up, 1 to 100. Default: 6. */
  LLM_PAGE_ATTEMPTS: number;
  /**
   * Milliseconds for which no page is given up because the whole service is away or rejects all calls, 0 to
   * 86,400,000. Default: 600,000.
   */
  LLM_OUTAGE_PATIENCE_MS: number;
  /** The most tokens the model takes in one call, from 1,000. Default: 128,000. */
  LLM_INPUT_BUDGET: number;
  /** The most tokens the model gives in one call, from 1,000. Default: 40,000. */
  LLM_OUTPUT_BUDGET: number;
  /** The most tokens of an answer about one page, 100 to 1,000,000. Default: 4,000. */
  LLM_OUTPUT_TOKENS_PER_PAGE: number;
  /** How batches are answered: `lines` or `objects`. Default: `lines`, a third fewer tokens, unless the model does worse. */
  LLM_ANSWER_FORM?: AnswerForm | undefined;
  /** How answers are asked for first: `json_schema`, `json_object` or `none`. Default: `json_schema`. */
  LLM_RESPONSE_FORMAT: ResponseFormat;
  /** The parameter of the output limit that is tried first. Default: `max_completion_tokens`. */
  LLM_TOKEN_PARAMETER: TokenParameter;
  /** Prices by model, in USD per million tokens. Default: none. */
  LLM_PRICES: PriceTable;
  /** Sent with every call, like `{ temperature: 0 }`. Default: nothing. */
  LLM_REQUEST_DEFAULTS: Record<string, unknown>;
  /** Sent with the calls of shadows besides, and instead, like `{ service_tier: 'flex' }`. Default: nothing. */
  LLM_SHADOW_REQUEST_DEFAULTS: Record<string, unknown>;
  /** The most pages of a PDF, 1 to 100,000. Default: 500. */
  PDF_MAX_PAGES: number;
  /** Time limit for a PDF's text layer in milliseconds, 100 to 3,600,000. Default: 30,000. */
  PDF_TIME_LIMIT_MS: number;
  /**
   * Languages that OCR reads, as Tesseract names them, like `eng+deu`. Each needs its package of data beside
   * Quire, `@tesseract.js-data/deu`. Default: `eng`.
   */
  OCR_LANGUAGES: string;
  /** Time limit for OCR of one page in milliseconds, 100 to 3,600,000. Default: 60,000. */
  OCR_TIME_LIMIT_MS: number;
  /** Time OCR may work on one document in all, in milliseconds, 100 to 86,400,000. Default: 900,000. */
  OCR_DOCUMENT_TIME_LIMIT_MS: number;
  /**
   * Memory for the threads that read PDFs, in megabytes of 1,048,576 bytes, 320 to 1,000,000. Default: a quarter
   * of what the machine or the container has, and 320 at least.
   */
  PDF_MEMORY_MB: number;
  /** The largest upload in megabytes of 1,048,576 bytes, 1 to 2,000. Default: 50. */
  UPLOAD_MAX_MB: number;
  /** Uploads that may arrive at once, 1 to 10,000; the next is rejected with 503. Default: 100. */
  UPLOADS_ARRIVING: number;
  /** Those of one owner, or of one address without a session, 1 to 10,000; the next is rejected with 429. Default: 50. */
  UPLOADS_ARRIVING_PER_OWNER: number;
  /** A PostgreSQL server, like `postgres://user:password@host/database`. Default: an embedded database. */
  QUIRE_DATABASE_URL?: string | undefined;
  /** Who reads documents: `local`, this process alone, or `dbos`, any number of them on one PostgreSQL. Default: `local`. */
  QUIRE_ENGINE: 'local' | 'dbos';
  /** Connections of a process to PostgreSQL, 2 to 1,000; from 6 with the engine `dbos`. Default: 10. */
  DATABASE_POOL: number;
  /** Folder of the embedded database, which one process at a time can use, and of uploads that arrive. Default: `.quire`. */
  QUIRE_DATA_DIR: string;
  /** Whether the words of pages, with their places, stay when their document is read. Default: true. */
  QUIRE_KEEP_PAGE_WORDS: boolean;
  /** Days after which documents are forgotten, 1 to 36,500. Default: never. */
  RETENTION_DAYS?: number | undefined;
  /** Documents read at once, 1 to 1,000. Default: 20. */
  DOCUMENTS_AT_ONCE: number;
  /** Documents that may wait besides, 0 to 100,000; the next is rejected with 503. Default: 80. */
  DOCUMENTS_WAITING: number;
  /** Documents of one owner that may wait or be read, 1 to 100,000; the next is rejected with 429. Default: 50. */
  OWNER_DOCUMENTS_WAITING: number;
  /** Pages of one owner read at once, 1 to 1,000,000; with fewer, its next document is begun. Default: 2,000. */
  OWNER_PAGES_AT_ONCE: number;
  /** Megabytes of one owner's PDFs that are kept, 1 to 100,000,000; more is rejected with 429. Default: any number. */
  OWNER_MB_KEPT?: number | undefined;
  /** Milliseconds that calls under way are given to end at a shutdown, 0 to 3,600,000. Default: 10,000. */
  SHUTDOWN_GRACE_MS: number;
  /** Opens what is for ops, under `/ops/`, 16 characters at least. Default: it answers this machine alone. */
  OPS_TOKEN?: string | undefined;
  /** Address that is told of each document that is done or has failed, http or https; with `WEBHOOK_SECRET`. Default: none. */
  WEBHOOK_URL?: string | undefined;
  /** The key its requests are signed with: `whsec_` and 24 to 64 bytes in base64. */
  WEBHOOK_SECRET?: string | undefined;
  /** A fixed plan in its short form: `single-page`, `batch 2x3`, `batch auto`. Default: flags decide. */
  QUIRE_PLAN?: string | undefined;
  /** All documents page by page, whatever flags and plans say. Default: false. */
  QUIRE_FORCE_SINGLE_PAGE: boolean;
  /** Address of Unleash's API, http or https; with `UNLEASH_API_TOKEN`. Default: both flags are off. */
  UNLEASH_URL?: string | undefined;
  /** A backend token of your environment. */
  UNLEASH_API_TOKEN?: string | undefined;
  /** Milliseconds between two polls, 100 to 3,600,000. Default: 1,000. */
  UNLEASH_REFRESH_MS: number;
  /** Folder in which the last known flags are kept. Default: one in the system's temporary folder. */
  UNLEASH_BACKUP_DIR?: string | undefined;
  /** Whether the batch path is left automatically when it fails. Default: true. */
  ROLLBACK_AUTO: boolean;
  /** Share of a document's batch calls that may fail before salvage, in the mean, 0 to 1. Default: 0.01. */
  ROLLBACK_BATCH_FAILURES: number;
  /** Documents between two false alarms, in the mean, at least; 100 to 1,000,000,000. Default: 20,000. */
  ROLLBACK_FALSE_ALARM_DOCUMENTS: number;
  /** Milliseconds until the batch path is tried again, 100 to 86,400,000. Default: 300,000. */
  ROLLBACK_RETRY_MS: number;
  /** The least agreement in the shadow, the model's noise taken out, 0 to 1. Default: 0.99. */
  ROLLBACK_AGREEMENT_FLOOR: number;
  /** The most shadows cost in a day (UTC), in USD, in each process. Default: 5. */
  SHADOW_BUDGET_USD: number;
  /** Share of shadows that also run page by page twice, 0 to 1. Default: 0.25. */
  SHADOW_NOISE_SHARE: number;
}

/** Settings of the runnable host alone: an app that mounts Quire has its own of these names. */
export interface HostSettings {
  LOG_LEVEL: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  PORT: number;
  HOST: string;
  ALLOWED_HOSTS?: readonly string[] | undefined;
  UPLOADS_PER_MINUTE: number;
  DATABASE_URL?: string | undefined;
}

/** In the environment everything is text; as an option it is what its type says. */
const fromText = <T>(read: (text: string) => unknown, schema: z.ZodType<T>) =>
  z.preprocess((given) => (typeof given === 'string' ? read(given) : given), schema);

const number = (schema: z.ZodNumber) => fromText(Number, schema);
const whole = (least: number, most: number, usual: number) =>
  number(z.number().int().min(least).max(most)).default(usual);
const share = (usual: number) => number(z.number().min(0).max(1)).default(usual);

const flag = (usual: boolean) =>
  fromText((text) => z.stringbool().safeParse(text).data, z.boolean({ error: 'must be 1 or 0' })).default(
    usual,
  );

const json = <T>(schema: z.ZodType<T>) =>
  z
    .transform((given, context) => {
      if (typeof given !== 'string') return given;
      try {
        return JSON.parse(given) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'must be JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

const text = z.string().trim().min(1).optional();

const webAddress = z
  .url({ protocol: /^https?$/, error: 'must be an address that begins with http:// or https://' })
  .optional();

/** What `pg` takes for an address: a server's, or a socket's. @internal */
export const databaseAddress = z.string().regex(/^(?:postgres(?:ql)?|socket):/, {
  error: 'must be an address like postgres://user:password@host/database',
});

const hostNames = fromText(
  (text) => text.split(',').map((name) => name.trim()),
  z.array(
    z.string().regex(/^(?:[a-z\d._-]+|\[[\da-f:.]+\])$/i, {
      error: 'must be names like quire.example with commas between them, without ports',
    }),
  ),
);

function hasNoPassword(address: string): boolean {
  const { username, password } = new URL(address);
  return username === '' && password === '';
}

/** As Standard Webhooks has it. */
function isWebhookSecret(secret: string): boolean {
  const [, key] = /^whsec_((?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?)$/.exec(secret) ?? [];
  const bytes = Buffer.from(key ?? '', 'base64').length;
  return bytes >= 24 && bytes <= 64;
}

/** One worker of OCR and one thread of pdfium. */
const LEAST_PDF_MEMORY_MB = 320;

/** Megabytes. */
function quarterOfMemory(): number {
  // Node.js says 0, undefined or a number beyond all memory where nothing limits the process.
  const limit = process.constrainedMemory() || Infinity;
  const quarter = Math.min(limit, totalmem()) / 4;
  return Math.max(Math.floor(quarter / 1_024 / 1_024), LEAST_PDF_MEMORY_MB);
}

const MODULE = {
  OPENAI_API_KEY: text,
  OPENAI_MODEL: text,
  OPENAI_BASE_URL: webAddress,
  AZURE_OPENAI_API_KEY: text,
  AZURE_OPENAI_ENDPOINT: webAddress,
  OPENAI_API_VERSION: text,
  LLM_MAX_CONCURRENCY: whole(1, 1_000, 20),
  LLM_GLOBAL_CONCURRENCY: number(z.number().int().min(1).max(10_000)).optional(),
  LLM_REQUESTS_PER_MINUTE: number(z.number().int().min(1).max(10_000_000)).optional(),
  LLM_TOKENS_PER_MINUTE: number(z.number().int().min(1).max(1_000_000_000_000)).optional(),
  // Node's fetch gives up on an answer that has not begun after 300 s.
  LLM_TIMEOUT_MS: whole(1, 300_000, 120_000),
  LLM_PAGE_ATTEMPTS: whole(1, 100, 6),
  LLM_OUTAGE_PATIENCE_MS: whole(0, 86_400_000, 600_000),
  LLM_INPUT_BUDGET: whole(1_000, 100_000_000, 128_000),
  LLM_OUTPUT_BUDGET: whole(1_000, 100_000_000, 40_000),
  LLM_OUTPUT_TOKENS_PER_PAGE: whole(100, 1_000_000, 4_000),
  LLM_ANSWER_FORM: z.enum(ANSWER_FORMS).optional(),
  LLM_RESPONSE_FORMAT: z.enum(RESPONSE_FORMATS).default('json_schema'),
  LLM_TOKEN_PARAMETER: z.enum(TOKEN_PARAMETERS).default('max_completion_tokens'),
  LLM_PRICES: json(priceTable).default({}),
  LLM_REQUEST_DEFAULTS: json(z.record(z.string(), z.unknown())).default({}),
  LLM_SHADOW_REQUEST_DEFAULTS: json(z.record(z.string(), z.unknown())).default({}),
  PDF_MAX_PAGES: whole(1, 100_000, 500),
  PDF_TIME_LIMIT_MS: whole(100, 3_600_000, 30_000),
  OCR_LANGUAGES: z
    .string()
    .regex(/^[a-z]{3}(_[a-z]+)*(\+[a-z]{3}(_[a-z]+)*)*$/, 'must be like "eng" or "eng+deu"')
    .default('eng'),
  OCR_TIME_LIMIT_MS: whole(100, 3_600_000, 60_000),
  OCR_DOCUMENT_TIME_LIMIT_MS: whole(100, 86_400_000, 900_000),
  PDF_MEMORY_MB: whole(LEAST_PDF_MEMORY_MB, 1_000_000, quarterOfMemory()),
  UPLOAD_MAX_MB: whole(1, 2_000, 50),
  UPLOADS_ARRIVING: whole(1, 10_000, 100),
  UPLOADS_ARRIVING_PER_OWNER: whole(1, 10_000, 50),
  QUIRE_DATABASE_URL: databaseAddress.optional(),
  QUIRE_ENGINE: z.enum(['local', 'dbos']).default('local'),
  DATABASE_POOL: whole(2, 1_000, 10),
  QUIRE_DATA_DIR: z.string().min(1).default('.quire'),
  QUIRE_KEEP_PAGE_WORDS: flag(true),
  RETENTION_DAYS: number(z.number().int().min(1).max(36_500)).optional(),
  DOCUMENTS_AT_ONCE: whole(1, 1_000, 20),
  DOCUMENTS_WAITING: whole(0, 100_000, 80),
  OWNER_DOCUMENTS_WAITING: whole(1, 100_000, 50),
  OWNER_PAGES_AT_ONCE: whole(1, 1_000_000, 2_000),
  OWNER_MB_KEPT: number(z.number().int().min(1).max(100_000_000)).optional(),
  SHUTDOWN_GRACE_MS: whole(0, 3_600_000, 10_000),
  OPS_TOKEN: z.string().min(16).optional(),
  WEBHOOK_URL: webAddress.refine((address) => address === undefined || hasNoPassword(address), {
    error: 'must have no user and password in it: requests are signed',
  }),
  WEBHOOK_SECRET: z
    .string()
    .refine(isWebhookSecret, { error: 'must be whsec_ and 24 to 64 bytes in base64' })
    .optional(),
  QUIRE_PLAN: z
    .string()
    .refine((plan) => parsePlanChoice(plan), 'must be "single-page" or like "batch 3x5" or "batch auto"')
    .optional(),
  QUIRE_FORCE_SINGLE_PAGE: flag(false),
  UNLEASH_URL: webAddress,
  UNLEASH_API_TOKEN: text,
  UNLEASH_REFRESH_MS: whole(100, 3_600_000, 1_000),
  UNLEASH_BACKUP_DIR: text,
  ROLLBACK_AUTO: flag(true),
  ROLLBACK_BATCH_FAILURES: share(0.01),
  ROLLBACK_FALSE_ALARM_DOCUMENTS: whole(100, 1_000_000_000, 20_000),
  ROLLBACK_RETRY_MS: whole(100, 86_400_000, 300_000),
  ROLLBACK_AGREEMENT_FLOOR: share(0.99),
  SHADOW_BUDGET_USD: number(z.number().min(0).max(1_000_000)).default(5),
  SHADOW_NOISE_SHARE: share(0.25),
};

const HOST = {
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  PORT: whole(0, 65_535, 3_000),
  HOST: z.string().default('127.0.0.1'),
  ALLOWED_HOSTS: hostNames.optional(),
  UPLOADS_PER_MINUTE: whole(1, 1_000_000, 1_000),
  DATABASE_URL: databaseAddress.optional(),
};

const moduleSettings: z.ZodType<Settings> = z.object(MODULE);
const hostSettings: z.ZodType<HostSettings> = z.object(HOST);

/**
 * The module's settings: those given, and the environment's for the others.
 *
 * @throws {SettingsError} naming every setting that cannot be used, and why
 */
export function readSettings(given: Partial<Settings> = {}): Settings {
  const unknown = Object.keys(given).filter((name) => !(name in MODULE));
  if (unknown.length > 0) {
    const known = unknown.map((name) => `${name}${suggestion(nearest(name))}`);
    throw new SettingsError(`Settings that do not exist: ${known.join(', ')}`);
  }
  return read(moduleSettings, { ...environment(), ...entries(given) });
}

/** @throws {SettingsError} naming every setting that cannot be used, and why */
export function readHostSettings(): HostSettings {
  return read(hostSettings, environment());
}

/** Warns of names in the environment that look like a setting's, misspelt: they change nothing. */
export function warnOfMisspelt(logger: Logger): void {
  for (const setting of Object.keys(environment())) {
    if (!OURS.test(setting) || setting in MODULE) continue;
    const meant = nearest(setting);
    if (meant) logger.warn({ setting, meant }, `there is no setting of this name${suggestion(meant)}`);
  }
}

const OURS = /^(?:QUIRE|LLM|PDF|OCR)_/i;
/** The share of a name's characters that a misspelling may change. */
const MOST_CHANGED = 0.35;

/** The setting whose name is closest, if it is close at all; one of the same kind before any other. */
function nearest(name: string): string | undefined {
  const given = name.toUpperCase();
  const kind = given.slice(0, given.indexOf('_') + 1);
  const close = closeTo(given, Object.keys(MODULE));
  return close.find((known) => known.startsWith(kind)) ?? close[0];
}

/** The known names that a given one may be a misspelling of, the closest first. */
export function closeTo(given: string, known: readonly string[]): string[] {
  const changed = (name: string) => distance(name, given) / Math.max(name.length, given.length);
  return known.filter((name) => changed(name) <= MOST_CHANGED).sort((a, b) => changed(a) - changed(b));
}

function suggestion(meant: string | undefined): string {
  return meant ? `; ${meant} is meant?` : '';
}

function environment(): Record<string, unknown> {
  return entries(process.env);
}

/** What is set: an empty text counts as not set, and blanks around one are none of it. */
function entries(given: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given)
      .map(([name, value]: [string, unknown]) => [name, typeof value === 'string' ? value.trim() : value])
      .filter(([, value]) => value !== undefined && value !== ''),
  ) as Record<string, unknown>;
}

function read<T>(schema: z.ZodType<T>, given: Record<string, unknown>): T {
  const settings = schema.safeParse(given);
  if (settings.success) return settings.data;
  const wrong = settings.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new SettingsError(`Settings that cannot be used:\n${wrong.join('\n')}`);
}
