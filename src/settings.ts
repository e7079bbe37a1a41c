import { z } from 'zod';
import { priceTable } from './llm/usage.js';
import { parsePlanChoice } from './processor/plan.js';

/** Thrown at start-up for a setting that is missing or cannot be used. Names it, never its value. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

const whole = (least: number, most: number, usual: number) =>
  z.coerce.number().int().min(least).max(most).default(usual);

const share = (usual: number) => z.coerce.number().min(0).max(1).default(usual);

const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' });
    return z.NEVER;
  }
});

const plan = z.string().transform((text, context) => {
  const parsed = parsePlanChoice(text);
  if (parsed) return parsed;
  context.addIssue({ code: 'custom', message: 'must be "single-page" or like "batch 3x5" or "batch auto"' });
  return z.NEVER;
});

/** All settings, from environment variables; README lists them. */
const environment = z.object({
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_MODEL: z.string().optional(),
  OPENAI_BASE_URL: z.url().optional(),
  AZURE_OPENAI_API_KEY: z.string().optional(),
  AZURE_OPENAI_ENDPOINT: z.url().optional(),
  OPENAI_API_VERSION: z.string().optional(),
  LLM_MAX_CONCURRENCY: whole(1, 1_000, 20),
  // Node's fetch gives up on an answer that has not begun after 300 s.
  LLM_TIMEOUT_MS: whole(1, 300_000, 120_000),
  LLM_CACHE_WAIT_MS: whole(0, 300_000, 0),
  LLM_PAGE_ATTEMPTS: whole(1, 100, 6),
  LLM_INPUT_BUDGET: whole(1_000, 100_000_000, 128_000),
  LLM_OUTPUT_BUDGET: whole(1_000, 100_000_000, 40_000),
  LLM_PRICES: json.pipe(priceTable).default({}),
  LLM_REQUEST_DEFAULTS: json.pipe(z.record(z.string(), z.unknown())).default({}),
  PDF_MAX_PAGES: whole(1, 100_000, 500),
  PDF_TIME_LIMIT_MS: whole(100, 3_600_000, 30_000),
  OCR_TIME_LIMIT_MS: whole(100, 3_600_000, 60_000),
  UPLOAD_MAX_MB: whole(1, 2_000, 50),
  DATABASE_URL: z.string().optional(),
  QUIRE_DATA_DIR: z.string().default('.quire'),
  RETENTION_DAYS: z.coerce.number().int().min(1).max(36_500).optional(),
  DOCUMENTS_AT_ONCE: whole(1, 1_000, 20),
  DOCUMENTS_WAITING: whole(0, 100_000, 80),
  SHUTDOWN_GRACE_MS: whole(0, 3_600_000, 10_000),
  OPS_TOKEN: z.string().min(16).optional(),
  QUIRE_PLAN: plan.optional(),
  QUIRE_FORCE_SINGLE_PAGE: z.stringbool().default(false),
  UNLEASH_URL: z.url().optional(),
  UNLEASH_API_TOKEN: z.string().optional(),
  UNLEASH_REFRESH_MS: whole(100, 3_600_000, 1_000),
  UNLEASH_BACKUP_DIR: z.string().optional(),
  ROLLBACK_AUTO: z.stringbool().default(true),
  ROLLBACK_BATCH_FAILURES: share(0.01),
  ROLLBACK_MIN_CALLS: whole(1, 1_000_000, 50),
  ROLLBACK_WINDOW_MS: whole(1_000, 86_400_000, 600_000),
  ROLLBACK_RETRY_MS: whole(100, 86_400_000, 300_000),
  ROLLBACK_AGREEMENT_FLOOR: share(0.99),
  SHADOW_BUDGET_USD: z.coerce.number().min(0).max(1_000_000).default(5),
  SHADOW_NOISE_SHARE: share(0.25),
});

/** Settings of the runnable host alone: an app that mounts Quire has its own of these names. */
const hostEnvironment = z.object({
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  PORT: whole(0, 65_535, 3_000),
  HOST: z.string().default('127.0.0.1'),
  UPLOADS_PER_MINUTE: whole(1, 1_000_000, 1_000),
});

export type Settings = z.infer<typeof environment>;

/** @throws {SettingsError} naming every setting that cannot be used, and why */
export function readSettings(): Settings {
  return read(environment);
}

/** @throws {SettingsError} naming every setting that cannot be used, and why */
export function readHostSettings(): z.infer<typeof hostEnvironment> {
  return read(hostEnvironment);
}

function read<T>(schema: z.ZodType<T>): T {
  // An empty variable counts as one that is not set.
  const given = Object.entries(process.env).filter(([, value]) => value !== undefined && value.trim() !== '');
  const settings = schema.safeParse(Object.fromEntries(given));
  if (settings.success) return settings.data;
  const wrong = settings.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new SettingsError(`Settings that cannot be used:\n${wrong.join('\n')}`);
}
