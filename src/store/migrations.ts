import { createHash } from 'node:crypto';
import { CALLS_SCHEMA } from './calls-schema.js';
import { READINGS_SCHEMA } from './readings-schema.js';
import { StoreError, type Database, type Query } from './database.js';

/**
 * Lists of statements, one list after the other, each once. They are only ever added to: what has run
 * anywhere is never changed, as the hash kept of each list proves at every start.
 *
 * Processes of the version before go on beside those of this one for a while, so what is added must be
 * something they can leave alone.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE quire.documents (
      id uuid PRIMARY KEY,
      owner text NOT NULL,
      uploaded_at timestamptz NOT NULL DEFAULT now(),
      status text NOT NULL,
      document json NOT NULL,
      sender json NOT NULL,
      plan json,
      page_texts json,
      executor integer NOT NULL,
      openings integer NOT NULL DEFAULT 0
    )`,
    'CREATE INDEX documents_by_owner ON quire.documents (owner, uploaded_at DESC)',
    `CREATE INDEX documents_unfinished ON quire.documents (uploaded_at) WHERE status = 'extracting'`,
    `CREATE TABLE quire.pdf_parts (
      document_id uuid NOT NULL REFERENCES quire.documents ON DELETE CASCADE,
      part integer NOT NULL,
      bytes bytea NOT NULL,
      PRIMARY KEY (document_id, part)
    )`,
    'ALTER TABLE quire.pdf_parts ALTER COLUMN bytes SET STORAGE EXTERNAL',
    `CREATE TABLE quire.answers (
      document_id uuid NOT NULL REFERENCES quire.documents ON DELETE CASCADE,
      key text NOT NULL,
      fields json NOT NULL,
      PRIMARY KEY (document_id, key)
    )`,
    'CREATE INDEX answers_by_key ON quire.answers (key)',
    'CREATE TABLE quire.secrets (name text PRIMARY KEY, secret text NOT NULL)',
  ],
  [
    'ALTER TABLE quire.migrations ADD COLUMN hash text',
    // What a list shows of a document, and what it cost: empty where a version before wrote it.
    `ALTER TABLE quire.documents
      ADD COLUMN version integer NOT NULL DEFAULT 1,
      ADD COLUMN listing json,
      ADD COLUMN llm_calls numeric,
      ADD COLUMN input_tokens numeric,
      ADD COLUMN output_tokens numeric,
      ADD COLUMN cost_usd numeric`,
    'CREATE INDEX documents_in_order ON quire.documents (owner, uploaded_at DESC, id DESC)',
    'DROP INDEX quire.documents_by_owner',
    'CREATE INDEX documents_by_age ON quire.documents (uploaded_at)',
    'CREATE INDEX documents_unlisted ON quire.documents (owner) WHERE listing IS NULL',
    // A process of a version before writes the document alone: then its listing is out of date.
    `CREATE FUNCTION quire.forget_listing() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.listing := NULL;
        RETURN NEW;
      END
    $$`,
    `CREATE TRIGGER forget_listing BEFORE UPDATE OF document ON quire.documents FOR EACH ROW
      WHEN (NEW.listing::text IS NOT DISTINCT FROM OLD.listing::text)
      EXECUTE FUNCTION quire.forget_listing()`,
  ],
  [
    `CREATE TABLE quire.events (
      document_id uuid NOT NULL REFERENCES quire.documents ON DELETE CASCADE,
      number integer NOT NULL,
      at timestamptz NOT NULL,
      event json NOT NULL,
      PRIMARY KEY (document_id, number)
    )`,
    `CREATE TABLE quire.pages (
      document_id uuid NOT NULL REFERENCES quire.documents ON DELETE CASCADE,
      number integer NOT NULL,
      page json NOT NULL,
      PRIMARY KEY (document_id, number)
    )`,
    `ALTER TABLE quire.documents ADD COLUMN evidence json, ADD COLUMN notes json`,
  ],
  ['ALTER TABLE quire.documents ADD COLUMN unknown_usage_calls numeric'],
  [
    // Each reading of a document has a name of its own: what one writes that was taken over is refused.
    // "executor" is what versions before went by.
    `ALTER TABLE quire.documents
      ALTER COLUMN executor SET DEFAULT 0,
      ADD COLUMN run uuid,
      ADD COLUMN replica uuid,
      ADD COLUMN decision json,
      ADD COLUMN workflow text,
      ADD COLUMN turn integer NOT NULL DEFAULT 0,
      ADD COLUMN fair_as text`,
    // Those that share the work, as far as they have been seen.
    `CREATE TABLE quire.replicas (
      id uuid PRIMARY KEY,
      name text NOT NULL,
      version text NOT NULL,
      started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`,
  ],
  [
    // What replicas know together. "writes" are the latest ones, by name.
    `CREATE TABLE quire.shared_states (
      name text PRIMARY KEY,
      state json NOT NULL,
      version bigint NOT NULL DEFAULT 1,
      writes uuid[] NOT NULL
    )`,
    // In 10^-12 USD.
    'CREATE TABLE quire.shadow_spending (day date PRIMARY KEY, spent numeric NOT NULL)',
  ],
  CALLS_SCHEMA,
  [
    // Counted up each time a document with a record is read again.
    'ALTER TABLE quire.documents ADD COLUMN reading integer NOT NULL DEFAULT 1',
    // The model and the form of answers that the record came from, and under which run; empty where it is not known.
    'ALTER TABLE quire.documents ADD COLUMN read_as json',
    // Records that are not the one shown: "served" before it was read again, "shadow" of the other path.
    `CREATE TABLE quire.readings (
      document_id uuid NOT NULL REFERENCES quire.documents ON DELETE CASCADE,
      number integer NOT NULL,
      kind text NOT NULL,
      kept_at timestamptz NOT NULL DEFAULT now(),
      plan json,
      record json NOT NULL,
      evidence json,
      PRIMARY KEY (document_id, number, kind)
    )`,
    ...READINGS_SCHEMA,
    // What people say of values. Only ever added to; what stands last of a value counts.
    `CREATE TABLE quire.corrections (
      number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      document_id uuid NOT NULL REFERENCES quire.documents ON DELETE CASCADE,
      reading integer NOT NULL,
      account text,
      field text NOT NULL,
      action text NOT NULL,
      read_value text NOT NULL,
      value text,
      person text,
      person_name text,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      plan json NOT NULL,
      model text,
      answer_form text
    )`,
    'CREATE INDEX corrections_by_value ON quire.corrections (document_id, reading, account, field, number DESC)',
    // The list of others' documents goes through those of all owners, the newest first.
    'CREATE INDEX documents_by_upload ON quire.documents (uploaded_at DESC, id DESC)',
    'DROP INDEX quire.documents_by_age',
    // What was said of the values of documents that are gone, counted by day; '' where it is not known, and for fields
    // whose names are not kept.
    `CREATE TABLE quire.past_reviews (
      day date NOT NULL,
      field text NOT NULL,
      plan text NOT NULL,
      model text NOT NULL,
      answer_form text NOT NULL,
      confirmed bigint NOT NULL,
      corrected bigint NOT NULL,
      PRIMARY KEY (day, field, plan, model, answer_form)
    )`,
    // How many such documents there were, by the last day of their review.
    'CREATE TABLE quire.past_reviewed_documents (day date PRIMARY KEY, documents bigint NOT NULL)',
    // Who has a document open for review.
    `CREATE TABLE quire.viewers (
      document_id uuid NOT NULL REFERENCES quire.documents ON DELETE CASCADE,
      viewer text NOT NULL,
      name text,
      seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (document_id, viewer)
    )`,
    // What is still to be told to the app's webhook.
    `CREATE TABLE quire.deliveries (
      id uuid PRIMARY KEY,
      document_id uuid NOT NULL REFERENCES quire.documents ON DELETE CASCADE,
      event json NOT NULL,
      attempts integer NOT NULL DEFAULT 0,
      next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`,
    'CREATE INDEX deliveries_due ON quire.deliveries (next_at)',
    // What documents were answered that are read in a terminal, and belong to no document of the store.
    `CREATE TABLE quire.terminal_answers (
      key text PRIMARY KEY,
      fields json NOT NULL,
      kept_at timestamptz NOT NULL DEFAULT now()
    )`,
    // What OCR read of them, until they are read whole.
    `CREATE TABLE quire.terminal_scans (
      document text NOT NULL,
      picture text NOT NULL,
      page json NOT NULL,
      kept_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (document, picture)
    )`,
  ],
];

/** Processes that start at once wait for each other here. */
const MIGRATION_LOCK = 0x71756972_65;

/**
 * Brings the database up to date; safe when several processes start at once. Migrations of later
 * versions are left alone: during a rolling upgrade, both run on one database.
 *
 * @throws {StoreError} `changed_migration` when one that has run is not the one of this version
 */
export function migrate(database: Database): Promise<void> {
  const work = async (query: Query): Promise<void> => {
    await query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const done = await applied(query);
    for (const [number, statements] of MIGRATIONS.entries()) {
      const hash = done.get(number);
      if (typeof hash === 'string' && hash !== hashOf(statements)) {
        throw new StoreError('changed_migration', { cause: new Error(`migration ${number}`) });
      }
      if (done.has(number)) continue;
      for (const statement of statements) await query(statement);
      await query('INSERT INTO quire.migrations (number) VALUES ($1)', [number]);
    }
    for (const [number, statements] of MIGRATIONS.entries()) {
      // Versions up to 0.1.0 kept none.
      if (typeof done.get(number) === 'string') continue;
      await query('UPDATE quire.migrations SET hash = $2 WHERE number = $1', [number, hashOf(statements)]);
    }
  };
  // One that is broken off by a limit would be broken off at every start.
  return database.transaction(work, { limitMs: 0 });
}

/** The migrations that have run, with the hash kept of each. */
async function applied(query: Query): Promise<Map<number, unknown>> {
  const [missing] = await query(
    `SELECT to_regnamespace('quire') IS NULL AS schema, to_regclass('quire.migrations') IS NULL AS migrations`,
  );
  if (missing?.schema === true) await query('CREATE SCHEMA quire');
  if (missing?.migrations === true) await query('CREATE TABLE quire.migrations (number integer PRIMARY KEY)');
  const rows = await query('SELECT * FROM quire.migrations');
  return new Map(rows.map(({ number, hash }) => [Number(number), hash]));
}

function hashOf(statements: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(statements)).digest('hex');
}
