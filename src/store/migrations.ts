import type { Database } from './database.js';

/** One after the other, each once; what has run anywhere is never changed again. */
const MIGRATIONS = [
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
  );
  CREATE INDEX documents_by_owner ON quire.documents (owner, uploaded_at DESC);
  CREATE INDEX documents_unfinished ON quire.documents (uploaded_at) WHERE status = 'extracting';
  CREATE TABLE quire.pdf_parts (
    document_id uuid NOT NULL REFERENCES quire.documents ON DELETE CASCADE,
    part integer NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (document_id, part)
  );
  ALTER TABLE quire.pdf_parts ALTER COLUMN bytes SET STORAGE EXTERNAL;
  CREATE TABLE quire.answers (
    document_id uuid NOT NULL REFERENCES quire.documents ON DELETE CASCADE,
    key text NOT NULL,
    fields json NOT NULL,
    PRIMARY KEY (document_id, key)
  );
  CREATE INDEX answers_by_key ON quire.answers (key);
  CREATE TABLE quire.secrets (name text PRIMARY KEY, secret text NOT NULL);`,
];

/** Processes that start at once wait for each other here. */
const MIGRATION_LOCK = 0x71756972_65;

/** Brings the database up to date; safe when several processes start at once. */
export function migrate(database: Database): Promise<void> {
  return database.transaction(async (query) => {
    await query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await query('CREATE SCHEMA IF NOT EXISTS quire');
    await query('CREATE TABLE IF NOT EXISTS quire.migrations (number integer PRIMARY KEY)');
    const [done] = await query('SELECT count(*)::integer AS count FROM quire.migrations');
    for (const [number, migration] of MIGRATIONS.entries()) {
      if (number < Number(done?.count)) continue;
      // One statement at a time: a prepared one holds no more.
      for (const statement of migration.split(';').filter((text) => text.trim() !== ''))
        await query(statement);
      await query('INSERT INTO quire.migrations (number) VALUES ($1)', [number]);
    }
  });
}
