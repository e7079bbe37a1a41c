import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** A document's reading as it stood from a moment on. */
export interface Standing {
  document: string;
  /** The replica that reads it; null where none does. */
  replica: string | null;
  /** Names the reading; null before the first. */
  run: string | null;
  /** `deleted` for one that is there no more. */
  status: string;
  /** Milliseconds since 1970, by the clock of the database's machine: this one. */
  at: number;
}

/** Committed together with what they tell of, so that a server that breaks down loses both or none. */
const INSTALL = `
  CREATE SCHEMA journal;
  CREATE TABLE journal.kept (key text NOT NULL, document uuid NOT NULL, at float8 NOT NULL);
  CREATE TABLE journal.standings (
    document uuid NOT NULL, replica uuid, run uuid, status text NOT NULL, at float8 NOT NULL
  );
  CREATE TABLE journal.calls (until float8 NOT NULL);
  CREATE FUNCTION journal.now_ms() RETURNS float8 LANGUAGE sql AS
    $$ SELECT extract(epoch FROM clock_timestamp()) * 1000 $$;
  CREATE FUNCTION journal.note_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO journal.kept VALUES (NEW.key, NEW.document_id, journal.now_ms());
      RETURN NULL;
    END
  $$;
  CREATE TRIGGER note_kept AFTER INSERT ON quire.answers FOR EACH ROW EXECUTE FUNCTION journal.note_kept();
  CREATE FUNCTION journal.note_call() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO journal.calls VALUES (extract(epoch FROM NEW.until) * 1000);
      RETURN NULL;
    END
  $$;
  CREATE TRIGGER note_call AFTER INSERT ON quire.calls FOR EACH ROW EXECUTE FUNCTION journal.note_call();
  CREATE FUNCTION journal.note_standing() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO journal.standings VALUES (NEW.id, NEW.replica, NEW.run, NEW.status, journal.now_ms());
      RETURN NULL;
    END
  $$;
  CREATE FUNCTION journal.note_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO journal.standings VALUES (OLD.id, NULL, OLD.run, 'deleted', journal.now_ms());
      RETURN NULL;
    END
  $$;
  CREATE TRIGGER note_deleted AFTER DELETE ON quire.documents
    FOR EACH ROW EXECUTE FUNCTION journal.note_deleted();
  CREATE TRIGGER note_begun AFTER INSERT ON quire.documents
    FOR EACH ROW EXECUTE FUNCTION journal.note_standing();
  CREATE TRIGGER note_changed AFTER UPDATE ON quire.documents FOR EACH ROW
    WHEN ((OLD.replica, OLD.run, OLD.status) IS DISTINCT FROM (NEW.replica, NEW.run, NEW.status))
    EXECUTE FUNCTION journal.note_standing();
`;

/** What becomes of documents and answers in a database, with the moment of each change, noted there by triggers. */
export class Journal {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  /** Begins to note, in a database that Quire has opened before. */
  static async begin(url: string): Promise<Journal> {
    const journal = new Journal(url);
    await journal.#query(INSTALL);
    return journal;
  }

  /** When each answer was kept, in milliseconds since 1970, by its key. */
  async keptAt(): Promise<Map<string, number>> {
    const rows = await this.#query<{ key: string; at: number }>(
      'SELECT key, min(at) AS at FROM journal.kept GROUP BY key',
    );
    return new Map(rows.map(({ key, at }) => [key, at]));
  }

  /** When each call was to begin, in milliseconds since some moment that is the same for all. */
  async begunAt(): Promise<number[]> {
    const rows = await this.#query<{ until: number }>('SELECT until FROM journal.calls');
    return rows.map(({ until }) => until);
  }

  /** How each document stood, in order, by its id. */
  async standings(): Promise<Map<string, Standing[]>> {
    const rows = await this.#query<Standing>(
      'SELECT document, replica, run, status, at FROM journal.standings ORDER BY at',
    );
    const ofDocuments = new Map<string, Standing[]>();
    for (const row of rows) {
      const before = ofDocuments.get(row.document);
      if (before) before.push(row);
      else ofDocuments.set(row.document, [row]);
    }
    return ofDocuments;
  }

  /** How documents stand that are being read or wait for that. */
  unended(): Promise<(Pick<Standing, 'document' | 'replica' | 'run'> & { kept: number })[]> {
    return this.#query(
      `SELECT id AS document, replica, run,
         (SELECT count(*)::integer FROM quire.answers WHERE document_id = id) AS kept
       FROM quire.documents WHERE status = 'extracting'`,
    );
  }

  /** Asks until the database answers: it may be away for a moment. */
  async #query<R extends object>(sql: string): Promise<R[]> {
    for (let attempt = 1; ; attempt++) {
      const client = new Client(this.#url);
      // A server that ends may break the connection off at any time.
      client.on('error', () => undefined);
      try {
        await client.connect();
        return (await client.query<R>(sql)).rows;
      } catch (error) {
        if (attempt === 50) throw error;
        await sleep(100);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }
}
