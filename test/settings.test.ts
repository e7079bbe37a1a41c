import { afterEach, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { createQuire, SettingsError, type Quire, type QuireOptions, type Settings } from '../src/index.js';
import { readSettings } from '../src/settings.js';
import { newDataFolder } from './shared.js';

/** Settings as options and from the environment, and what a mistake in one leads to. */

const environment = { ...process.env };
const quires: Quire[] = [];
const logged: { message: string; fields: Record<string, unknown> }[] = [];
const logger = {
  info: () => undefined,
  error: () => undefined,
  warn: (fields: object, message: string) => void logged.push({ message, fields: { ...fields } }),
};

afterEach(async () => {
  process.env = { ...environment };
  logged.length = 0;
  await Promise.all(quires.splice(0).map((quire) => quire.close()));
});

async function create(options: QuireOptions): Promise<Quire> {
  const quire = await createQuire({ logger, ...options });
  quires.push(quire);
  return quire;
}

test('an option wins over the environment, and the environment over the default', () => {
  process.env.LLM_TIMEOUT_MS = '5000';
  expect(readSettings({ LLM_MAX_CONCURRENCY: 3 })).toMatchObject({
    LLM_MAX_CONCURRENCY: 3,
    LLM_TIMEOUT_MS: 5_000,
    LLM_PAGE_ATTEMPTS: 6,
  });
  expect(readSettings({ LLM_TIMEOUT_MS: 7 }).LLM_TIMEOUT_MS).toBe(7);
});

test('settings given as options decide how documents are read', async () => {
  process.env.QUIRE_PLAN = 'batch 2x3';
  const settings = { QUIRE_FORCE_SINGLE_PAGE: true, LLM_PRICES: { any: { input: 1, output: 2 } } };
  const quire = await create({ settings });
  expect((await quire.processPages({ 1: '' })).plan).toEqual({ path: 'single-page' });
  expect(quire.prices).toMatchObject({ any: { input: 1, output: 2 } });
});

test('blanks around a value are none of it, and a value of blanks is not set', () => {
  process.env.OPENAI_API_KEY = ' key \n';
  process.env.LLM_TIMEOUT_MS = ' 100 ';
  process.env.QUIRE_DATA_DIR = '  ';
  expect(readSettings({ QUIRE_PLAN: ' batch 2x3 ' })).toMatchObject({
    OPENAI_API_KEY: 'key',
    LLM_TIMEOUT_MS: 100,
    QUIRE_DATA_DIR: '.quire',
    QUIRE_PLAN: 'batch 2x3',
  });
});

test.each([
  [{ LLM_MAX_CONCURRENCY: 0 }, /LLM_MAX_CONCURRENCY: .*>=1/],
  [{ LLM_MAX_CONCURRENCY: true }, /LLM_MAX_CONCURRENCY: .*number/],
  [{ LLM_MAX_CONCURRENCY: null }, /LLM_MAX_CONCURRENCY: .*number/],
  [{ LLM_MAX_CONCURRENCY: '2 calls' }, /LLM_MAX_CONCURRENCY: .*number/],
  [{ QUIRE_FORCE_SINGLE_PAGE: 'maybe' }, /QUIRE_FORCE_SINGLE_PAGE: must be 1 or 0/],
  [{ QUIRE_FORCE_SINGLE_PAGE: 1 }, /QUIRE_FORCE_SINGLE_PAGE: must be 1 or 0/],
  [{ LLM_PRICES: { model: { input: -1, output: 1 } } }, /LLM_PRICES.model.input: /],
  [{ LLM_PRICES: '{3' }, /LLM_PRICES: must be JSON/],
  [{ QUIRE_PLAN: 'fast' }, /QUIRE_PLAN: must be "single-page" or like "batch 3x5"/],
  [{ OPENAI_BASE_URL: 'localhost:8000/v1' }, /OPENAI_BASE_URL: .*http:\/\/ or https:\/\//],
  [{ UNLEASH_URL: 'ftp://unleash.example/api' }, /UNLEASH_URL: .*http:\/\/ or https:\/\//],
  [{ AZURE_OPENAI_ENDPOINT: 'example.openai.azure.com' }, /AZURE_OPENAI_ENDPOINT: .*http/],
  [{ QUIRE_DATABASE_URL: 'mysql://host/database' }, /QUIRE_DATABASE_URL: .*postgres:\/\//],
  [{ OPS_TOKEN: 'short' }, /OPS_TOKEN: .*16/],
])('a value that cannot be used stops the start with its name and the reason: %j', (given, message) => {
  expect(() => readSettings(given as Partial<Settings>)).toThrow(SettingsError);
  expect(() => readSettings(given as Partial<Settings>)).toThrow(message);
});

test.each([
  ['a key and no model', { OPENAI_API_KEY: 'k' }, /OPENAI_MODEL/],
  ['a model and no key', { OPENAI_MODEL: 'm' }, /OPENAI_API_KEY/],
  ['half of what Azure needs', { AZURE_OPENAI_API_KEY: 'k' }, /AZURE_OPENAI_ENDPOINT/],
])('%s is an error that says what is missing', async (_name, settings, message) => {
  await expect(createQuire({ settings })).rejects.toThrow(message);
});

test('an option that does not exist is refused, with the name that may be meant', () => {
  const given = { LLM_CONCURRENCY: 3 } as Partial<Settings>;
  expect(() => readSettings(given)).toThrow(/LLM_CONCURRENCY; LLM_MAX_CONCURRENCY is meant\?/);
});

test.each(['mysql://host/database', '', 7, {}])(
  'a database that is neither an address of PostgreSQL nor a pool is refused: %j',
  async (database) => {
    await expect(create({ database: database as string })).rejects.toThrow(
      /database given must be an address/,
    );
  },
);

test.each([
  ['LLM_MAX_CONCURENCY', 'LLM_MAX_CONCURRENCY'],
  ['LLM_TIMEOUT', 'LLM_TIMEOUT_MS'],
  ['QUIRE_FORCE_SINGLE', 'QUIRE_FORCE_SINGLE_PAGE'],
  ['PDF_TIMEOUT_MS', 'PDF_TIME_LIMIT_MS'],
  ['OCR_TIME_LIMIT', 'OCR_TIME_LIMIT_MS'],
  ['QUIRE_DATABASE', 'QUIRE_DATABASE_URL'],
  ['quire_plan', 'QUIRE_PLAN'],
])('a name in the environment that is misspelt is told with the right one: %s', async (wrong, right) => {
  process.env[wrong] = '1';
  await create({});
  const told = logged.filter(({ fields }) => fields.setting === wrong);
  expect(told).toEqual([{ fields: { setting: wrong, meant: right }, message: expect.any(String) }]);
});

test('names that are like no setting, and those of others, are left alone', async () => {
  Object.assign(process.env, { QUIRE_HOME: '1', OCR_LANGUAGES: 'eng', LOG_LEVELS: 'info' });
  await create({});
  expect(logged.filter(({ fields }) => 'setting' in fields)).toEqual([]);
});

test('DATABASE_URL belongs to the app: it is not used, and that is told once', async () => {
  process.env.DATABASE_URL = 'postgres://127.0.0.1:1/none';
  const quire = await create({ settings: { QUIRE_DATA_DIR: await newDataFolder() } });
  quire.router();
  quire.router();
  expect(logged.filter(({ message }) => message === 'DATABASE_URL is not used')).toHaveLength(1);
  expect(await quire.secret('one')).toMatch(/^[0-9a-f]+$/);
});

test("metrics are published in the app's registry until Quire is closed", async () => {
  const registry = new Registry();
  const quire = await createQuire({ logger, registry });
  try {
    await quire.processPages({ 1: '' });
    expect(await registry.metrics()).toMatch(
      /quire_documents_total\{path="single-page",outcome="completed"\} 1/,
    );
    expect(await registry.metrics()).not.toContain('process_cpu');
    await expect(createQuire({ logger, registry })).rejects.toThrow(/already has .*quire_documents_total/);
  } finally {
    await quire.close();
  }
  expect(await registry.metrics()).not.toContain('quire_');
});
