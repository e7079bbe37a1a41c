import { randomBytes, randomInt } from 'node:crypto';
import { open as openFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Field } from '../llm/wire.js';
import type { AnswerShelf } from '../processor/kept-answers.js';
import { processingPlan, type ProcessingPlan } from '../processor/plan.js';
import type { PageTexts } from '../stages/page-texts.js';
import { EXECUTOR_LOCKS, type Database, type Row } from './database.js';
import type { StoredDocument } from './document.js';
import { migrate } from './migrations.js';
import { openPostgres } from './postgres.js';

export interface StoreSettings {
  /** Address of a PostgreSQL server, like `postgres://user@host/database`. */
  url?: string | undefined;
  /** Where the embedded database keeps its files, without a server. */
  dataDir: string;
}

/** Who sent a document: what the flags were evaluated for. */
export interface StoredSender {
  userId?: string | undefined;
  sessionId?: string | undefined;
  properties?: Record<string, string | number> | undefined;
  requestId?: string | undefined;
}

/** What an app says of a sender is not checked when it comes: what cannot be used must not keep a document. */
const storedSender: z.ZodType<StoredSender> = z.object({
  userId: z.string().optional().catch(undefined),
  sessionId: z.string().optional().catch(undefined),
  properties: z
    .record(z.string(), z.union([z.string(), z.number()]))
    .optional()
    .catch(undefined),
  requestId: z.string().optional().catch(undefined),
});

/** A document whose reading has not ended, with all that is needed to go on. */
export interface UnfinishedDocument {
  document: StoredDocument;
  owner: string;
  sender: StoredSender;
  /** null when it was not decided yet. */
  plan: ProcessingPlan | null;
  /** How often its PDF was opened without its texts having been read. */
  openings: number;
}

/** Longer than a process takes to hold its lock again, in milliseconds. */
const MISSING_MS = 1_500;
const PART_BYTES = 1024 * 1024;
/** Executors are told apart by a random number; the odds that two processes draw the same are 1 in 2^31. */
const MOST_EXECUTORS = 2 ** 31 - 1;

/**
 * What is kept of documents: their PDFs and records, the answers that were paid for, and what is needed
 * to go on with those not finished when a process ends. Every document belongs to an owner, and is
 * there for nobody else.
 *
 * @throws {StoreError} from every method, when the database cannot be used for now
 */
export class Store {
  readonly #database: Database;
  readonly #executor: number;
  /** Executors without a lock, and since when by `performance.now()`; undefined before the first look. */
  #missing: Map<number, number> | undefined;

  private constructor(database: Database, executor: number) {
    this.#database = database;
    this.#executor = executor;
  }

  /** Opens the database and brings it up to date. */
  static async open({ url, dataDir }: StoreSettings): Promise<Store> {
    const database = await (url ? openPostgres(url) : embedded(dataDir));
    try {
      await migrate(database);
      const executor = randomInt(1, MOST_EXECUTORS);
      await database.hold(executor);
      return new Store(database, executor);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  /** Keeps a document that is still to be read, with its PDF from a file: both or none. */
  async add(
    { document, owner, sender }: Pick<UnfinishedDocument, 'document' | 'owner' | 'sender'>,
    path: string,
  ): Promise<void> {
    const file = await openFile(path);
    try {
      await this.#database.transaction(async (query) => {
        await query(
          `INSERT INTO quire.documents (id, owner, status, document, sender, executor)
           VALUES ($1, $2, $3, $4, $5, $6)`,
          [document.id, owner, document.status, json(document), json(sender), this.#executor],
        );
        for (let part = 0; ; part++) {
          const { bytesRead, buffer } = await file.read(Buffer.alloc(PART_BYTES), 0, PART_BYTES, null);
          if (bytesRead === 0) break;
          await query('INSERT INTO quire.pdf_parts (document_id, part, bytes) VALUES ($1, $2, $3)', [
            document.id,
            part,
            buffer.subarray(0, bytesRead),
          ]);
        }
      });
    } finally {
      await file.close();
    }
  }

  async planned(id: string, plan: ProcessingPlan): Promise<void> {
    await this.#database.query(`UPDATE quire.documents SET plan = $2 WHERE ${MINE}`, [
      id,
      json(plan),
      this.#executor,
    ]);
  }

  /** Counts that the document's PDF is opened, which `keepPageTexts` takes back. */
  async opening(id: string): Promise<void> {
    await this.#database.query('UPDATE quire.documents SET openings = openings + 1 WHERE id = $1', [id]);
  }

  async keepPageTexts(id: string, texts: PageTexts): Promise<void> {
    await this.#database.query(`UPDATE quire.documents SET page_texts = $2, openings = 0 WHERE ${MINE}`, [
      id,
      json({ ...texts, texts: [...texts.texts] }),
      this.#executor,
    ]);
  }

  /** The texts of a document's pages, when they were read before. */
  async pageTexts(id: string): Promise<PageTexts | undefined> {
    const [row] = await this.#database.query(
      'SELECT page_texts::text AS texts FROM quire.documents WHERE id = $1',
      [id],
    );
    if (typeof row?.texts !== 'string') return undefined;
    const kept = JSON.parse(row.texts) as Omit<PageTexts, 'texts'> & { texts: [number, string][] };
    return { ...kept, texts: new Map(kept.texts) };
  }

  /** Keeps what came of reading a document; nothing when it was deleted meanwhile or another process has it. */
  async finish(document: StoredDocument): Promise<void> {
    await this.#database.query(
      `UPDATE quire.documents SET status = $2, document = $3, page_texts = NULL
       WHERE id = $1 AND executor = $4 AND status = 'extracting'`,
      [document.id, document.status, json(document), this.#executor],
    );
  }

  /**
   * Puts a finished document back among the unfinished ones.
   *
   * @returns false when it is being read already or is not there
   */
  async reopen(document: StoredDocument, owner: string): Promise<UnfinishedDocument | undefined> {
    const [row] = await this.#database.query(
      `UPDATE quire.documents SET status = 'extracting', document = $3, executor = $4, openings = 0
       WHERE id = $1 AND owner = $2 AND status <> 'extracting' RETURNING ${UNFINISHED}`,
      [document.id, owner, json(document), this.#executor],
    );
    return row && unfinished(row);
  }

  /**
   * Takes over documents that nobody reads: those of processes that ended, and this one's own that are
   * not in `reading`.
   */
  async adopt(reading: readonly string[], most: number): Promise<UnfinishedDocument[]> {
    const rows = await this.#database.query(
      `UPDATE quire.documents SET executor = $1 WHERE id IN (
         SELECT id FROM quire.documents
         WHERE status = 'extracting' AND id <> ALL($2::uuid[]) AND (executor = $1 OR executor = ANY($3::integer[]))
         ORDER BY uploaded_at LIMIT $4 FOR UPDATE SKIP LOCKED
       ) RETURNING ${UNFINISHED}`,
      [this.#executor, reading, await this.#ended(), most],
    );
    return rows.map(unfinished);
  }

  /**
   * Executors whose lock is gone for good. A server that restarts takes all locks away, not all at once,
   * and they are taken again: so a lock must be missing for a while, except at the first look of a process,
   * and means nothing where one's own is not held.
   */
  async #ended(): Promise<number[]> {
    const rows = this.#database.canJudge()
      ? await this.#database.query(
          `WITH living AS (
             SELECT objid::bigint AS executor FROM pg_locks
             WHERE locktype = 'advisory' AND classid = $2 AND objsubid = 2
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
           )
           SELECT DISTINCT executor FROM quire.documents
           WHERE status = 'extracting' AND executor NOT IN (SELECT executor FROM living)
           AND $1 IN (SELECT executor FROM living)`,
          [this.#executor, EXECUTOR_LOCKS],
        )
      : [];
    const now = performance.now();
    const isFirstLook = this.#missing === undefined;
    const before = this.#missing ?? new Map<number, number>();
    this.#missing = new Map(rows.map(({ executor: e }) => [Number(e), before.get(Number(e)) ?? now]));
    return [...this.#missing].flatMap(([executor, since]) =>
      isFirstLook || now - since >= MISSING_MS ? executor : [],
    );
  }

  async get(id: string, owner: string): Promise<StoredDocument | undefined> {
    if (!UUID.test(id)) return undefined;
    const [row] = await this.#database.query(
      'SELECT document::text AS document FROM quire.documents WHERE id = $1 AND owner = $2',
      [id, owner],
    );
    return row && (parsed(row.document) as StoredDocument);
  }

  /** All documents of an owner, the newest first. */
  async list(owner: string): Promise<StoredDocument[]> {
    const rows = await this.#database.query(
      `SELECT uploaded_at, document::text AS document FROM quire.documents WHERE owner = $1`,
      [owner],
    );
    // Sorted here: a sort of whole records in the database may write them to the disk.
    return rows
      .sort((a, b) => Number(b.uploaded_at) - Number(a.uploaded_at))
      .map(({ document }) => parsed(document) as StoredDocument);
  }

  /** A document's PDF, a part of at most 1 MB at a time. */
  async *pdf(id: string): AsyncGenerator<Uint8Array, void> {
    for (let part = 0; ; part++) {
      const [row] = await this.#database.query(
        'SELECT bytes FROM quire.pdf_parts WHERE document_id = $1 AND part = $2',
        [id, part],
      );
      if (!row) return;
      yield row.bytes as Uint8Array;
    }
  }

  /** Forgets a document and all that was kept with it; false when the owner has none of this id. */
  async delete(id: string, owner: string): Promise<boolean> {
    if (!UUID.test(id)) return false;
    const rows = await this.#database.query(
      'DELETE FROM quire.documents WHERE id = $1 AND owner = $2 RETURNING id',
      [id, owner],
    );
    return rows.length > 0;
  }

  /** Forgets documents uploaded more than `days` days ago, and returns their ids. */
  async expire(days: number): Promise<string[]> {
    const rows = await this.#database.query(
      `DELETE FROM quire.documents WHERE uploaded_at < now() - $1 * interval '1 day' RETURNING id`,
      [days],
    );
    return rows.map(({ id }) => String(id));
  }

  /**
   * The answers one document was given or can use: those of its owner's documents. An answer of somebody
   * else's is never used, because a page beside it may have been made to mislead the model.
   */
  answers(document: string, owner: string): AnswerShelf {
    const keep: AnswerShelf['keep'] = async (answers) => {
      // A document deleted meanwhile keeps nothing. Two pages may be the same.
      await this.#database.query(
        `INSERT INTO quire.answers (document_id, key, fields)
       SELECT id, key, fields::json FROM quire.documents, unnest($2::text[], $3::text[]) AS given (key, fields)
       WHERE id = $1 ON CONFLICT DO NOTHING`,
        [document, answers.map(({ key }) => key), answers.map(({ fields }) => json(fields))],
      );
    };
    return {
      find: async (keys) => {
        const rows = await this.#database.query(
          `SELECT DISTINCT ON (key) key, fields::text AS fields, document_id <> $3 AS borrowed
           FROM quire.answers JOIN quire.documents ON id = document_id
           WHERE key = ANY($1::text[]) AND owner = $2 ORDER BY key, document_id <> $3`,
          [keys, owner, document],
        );
        const found = rows.map(({ key, fields }) => ({
          key: String(key),
          fields: parsed(fields) as Field[],
        }));
        // An answer from another document is this one's from now on, and stays when the other is deleted.
        const borrowed = found.filter((_, index) => rows[index]?.borrowed === true);
        if (borrowed.length > 0) await keep(borrowed);
        return new Map(found.map(({ key, fields }) => [key, fields]));
      },
      keep,
    };
  }

  /** A secret of this name, the same for all processes that share the database; made when it is missing. */
  async secret(name: string): Promise<string> {
    await this.#database.query(
      'INSERT INTO quire.secrets (name, secret) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      [name, randomBytes(32).toString('hex')],
    );
    const [row] = await this.#database.query('SELECT secret FROM quire.secrets WHERE name = $1', [name]);
    return String(row?.secret);
  }
}

/** Loaded when it is used: it is large. */
async function embedded(dataDir: string): Promise<Database> {
  const { openEmbeddedPostgres } = await import('./embedded-postgres.js');
  return openEmbeddedPostgres(dataDir);
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A document this process reads; one that was taken over or has ended is left alone. */
const MINE = `id = $1 AND executor = $3 AND status = 'extracting'`;
const UNFINISHED = 'document::text AS document, owner, sender::text AS sender, plan::text AS plan, openings';

function unfinished(row: Row): UnfinishedDocument {
  return {
    document: parsed(row.document) as StoredDocument,
    owner: String(row.owner),
    sender: storedSender.parse(parsed(row.sender)),
    plan: row.plan === null ? null : processingPlan.parse(parsed(row.plan)),
    openings: Number(row.openings),
  };
}

// As json, not jsonb: that would order keys anew, and refuse U+0000, which models and PDFs can hold.
function json(value: unknown): string {
  return JSON.stringify(value);
}

// What is read back is what was written: it was checked at the edge, before it was kept.
function parsed(text: unknown): unknown {
  return JSON.parse(String(text));
}
