import { IS_READING_LOCK, type Client, type Database, type Query, type Row } from './database.js';
import { DOCUMENT_VERSION } from './document.js';
import type { Claim } from './events.js';

/** Milliseconds after which a replica that was not seen is gone. */
export const GONE_AFTER_MS = 6_000;
/** Of a row of `quire.replicas`. */
export const LIVES = `seen_at > clock_timestamp() - ${GONE_AFTER_MS} * interval '1 ms'`;
/** How long one that is gone is still shown. */
const SHOWN_FOR = '1 hour';
/** At most one replica looks after the others at a time. */
const ROUND_LOCK = 0x71756973;

/** `hung`: not seen for 6 s, while it still has connections to the database; `gone`: not even those. */
export const REPLICA_STATES = ['alive', 'hung', 'gone'] as const;

/** One of the processes that share the work. */
export interface Replica {
  id: string;
  /** By which people tell it from the others. */
  name: string;
  /** Of the package. */
  version: string;
  state: (typeof REPLICA_STATES)[number];
  startedSAgo: number;
  seenSAgo: number;
  /** Documents it reads. */
  documents: number;
}

/** The next name of a document's reading: a workflow of a name that was used is the old one, with its old outcome. */
export const NEXT_WORKFLOW = `id::text || '.' || (coalesce(substring(workflow FROM '\\.(\\d+)$')::integer, 0) + 1)`;

/** The name of a replica's connections, by which the database tells those that hang from those that are gone. */
export function applicationName(id: string): string {
  return `quire ${id}`;
}

/** Of a row of `quire.replicas`: whether it has connections, by the name of {@link applicationName}. */
const IS_CONNECTED = `EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'quire ' || id)`;

/** The processes that share the work on one database. */
export class Replicas {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Says that a replica lives. */
  async beat({ id, name, version }: Pick<Replica, 'id' | 'name' | 'version'>): Promise<void> {
    await this.#database.query(
      `INSERT INTO quire.replicas (id, name, version) VALUES ($1, $2, $3)
       ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp()`,
      [id, name, version],
    );
  }

  /** It lives no more: its documents may go on elsewhere at once. */
  async leave(id: string): Promise<void> {
    await this.#database.query('DELETE FROM quire.replicas WHERE id = $1', [id]);
  }

  /** The documents of these claims that hold no more: they have ended, are gone, or are another's to read. */
  async lost(claims: readonly Claim[]): Promise<string[]> {
    if (claims.length === 0) return [];
    const rows = await this.#database.query(
      `SELECT given.id FROM unnest($1::uuid[], $2::uuid[]) AS given (id, run)
       WHERE NOT EXISTS (
         SELECT FROM quire.documents WHERE documents.id = given.id AND documents.run = given.run AND status = 'extracting'
       )`,
      [claims.map(({ id }) => id), claims.map(({ run }) => run)],
    );
    return rows.map(({ id }) => String(id));
  }

  /** How many live, and whose documents are read or wait for that: one entry a document. */
  async taken(): Promise<{ processes: number; owners: string[] }> {
    const rows = await this.#database.query(
      `SELECT coalesce(fair_as, owner) AS owner,
         (SELECT count(*) FROM quire.replicas WHERE ${LIVES}) AS living
       FROM (SELECT) AS once LEFT JOIN quire.documents ON status = 'extracting'`,
    );
    const owners = rows.flatMap(({ owner }) => (typeof owner === 'string' ? owner : []));
    return { processes: Math.max(1, Number(rows[0]?.living)), owners };
  }

  /** Forgets the calls of those that are gone; of one that hangs, they may still be under way at the service. */
  async forgetCalls(living: ReadonlySet<string>): Promise<void> {
    await this.#database.query(
      `SELECT quire.forget_calls(ARRAY(
         SELECT id FROM quire.replicas WHERE id = ANY($1::uuid[])
           OR ${IS_CONNECTED}
       ))`,
      [[...living]],
    );
  }

  /**
   * Does something that one replica at a time may do; nothing while another does it.
   *
   * @param work in a transaction of its own
   */
  async alone(work: (round: Round) => Promise<void>): Promise<void> {
    await this.#database.transaction(async (query, client) => {
      const [lock] = await query('SELECT pg_try_advisory_xact_lock($1) AS held', [ROUND_LOCK]);
      if (lock?.held === true && client) await work(new Round(query, client));
    });
  }

  /** All that were seen of late, the oldest first. */
  async all(): Promise<Replica[]> {
    const rows = await this.#database.query(
      `SELECT id, name, version,
         extract(epoch FROM clock_timestamp() - started_at)::float8 AS started,
         extract(epoch FROM clock_timestamp() - seen_at)::float8 AS seen,
         ${IS_CONNECTED} AS is_connected,
         (SELECT count(*) FROM quire.documents WHERE status = 'extracting' AND replica = replicas.id) AS documents
       FROM quire.replicas ORDER BY started_at, id`,
    );
    return rows.map((row) => ({
      id: String(row.id),
      name: String(row.name),
      version: String(row.version),
      state: stateOf(Number(row.seen), row.is_connected === true),
      startedSAgo: Number(row.started),
      seenSAgo: Number(row.seen),
      documents: Number(row.documents),
    }));
  }
}

function stateOf(seenSAgo: number, isConnected: boolean): Replica['state'] {
  if (seenSAgo * 1_000 < GONE_AFTER_MS) return 'alive';
  return isConnected ? 'hung' : 'gone';
}

/** A document that is handed in, to be read by whichever replica takes it. */
export interface HandedIn {
  /** The name its reading has among all replicas. */
  workflow: string;
  /** Documents with a lower one are read before it. */
  turn: number;
}

function handedIn({ workflow, turn }: Row): HandedIn {
  return { workflow: String(workflow), turn: Number(turn) };
}

/** What is known while a replica looks after the others. */
export class Round {
  readonly #query: Query;

  /** @param client of the round's transaction */
  constructor(
    query: Query,
    readonly client: Client,
  ) {
    this.#query = query;
  }

  /**
   * Those that live.
   *
   * @param silentMs milliseconds after which one that was not seen lives no more
   */
  async living(silentMs: number): Promise<Set<string>> {
    await this.#query(
      `DELETE FROM quire.replicas WHERE seen_at < clock_timestamp() - interval '${SHOWN_FOR}'`,
    );
    const rows = await this.#query(
      `SELECT id FROM quire.replicas WHERE seen_at > clock_timestamp() - $1::float8 * interval '1 ms'`,
      [silentMs],
    );
    return new Set(rows.map(({ id }) => String(id)));
  }

  /**
   * Documents that were never handed in: those of a process that read alone, or of a version up to 0.2.0 that lives no
   * more. They are named to be handed in, and are of this version from then on, so that no other process of theirs
   * takes them up as well.
   */
  async adopt(most: number): Promise<HandedIn[]> {
    const rows = await this.#query(
      `UPDATE quire.documents SET workflow = id, version = $1 WHERE id IN (
         SELECT id FROM quire.documents
         WHERE status = 'extracting' AND workflow IS NULL AND version <= $1 AND NOT EXISTS (
           SELECT FROM pg_locks WHERE ${IS_READING_LOCK} AND objid::bigint = executor
         )
         ORDER BY uploaded_at LIMIT $2 FOR UPDATE SKIP LOCKED
       ) RETURNING workflow, turn`,
      [DOCUMENT_VERSION, most],
    );
    return rows.map(handedIn);
  }

  /** The names of the workflows of documents that have not ended. */
  async handedIn(most: number): Promise<string[]> {
    const rows = await this.#query(
      `SELECT workflow FROM quire.documents WHERE status = 'extracting' AND workflow IS NOT NULL AND version <= $2
       ORDER BY uploaded_at LIMIT $1`,
      [most, DOCUMENT_VERSION],
    );
    return rows.map(({ workflow }) => String(workflow));
  }

  /** Names documents anew whose workflows have got lost, to be handed in again. */
  async handInAgain(workflows: readonly string[]): Promise<HandedIn[]> {
    const rows = await this.#query(
      `UPDATE quire.documents SET workflow = ${NEXT_WORKFLOW}
       WHERE workflow = ANY($1::text[]) AND status = 'extracting' RETURNING workflow, turn`,
      [workflows],
    );
    return rows.map(handedIn);
  }
}
