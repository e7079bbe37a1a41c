import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  AwayTold,
  CallEnding,
  NextCall,
  Place,
  PlaceAnswer,
  SharedLimits,
} from '../llm/shared-limits.js';
import { callMs } from '../llm/spacing.js';
import { StoreError, type Database } from './database.js';
import { parsed } from './json.js';

export interface SharedCallSettings {
  /** Names the model service; see {@link serviceName}. */
  service: string;
  /** Id of this replica. */
  replica: string;
  /** Calls under way over all replicas, from 1. Default: any number. */
  concurrency?: number | undefined;
  /** Of all replicas. Default: any number. */
  requestsPerMinute?: number | undefined;
  /** Of all replicas. Default: any number. */
  tokensPerMinute?: number | undefined;
  /** Milliseconds after which a call that has not ended is taken for one whose end was never told. */
  leaseMs: number;
}

/** Services may tell any number. */
const MOST_TOKENS = 2 ** 31 - 1;
/** Milliseconds. */
const AGAIN_AFTER_TROUBLE_MS = 250;

const NO_PLACE: PlaceAnswer = {
  place: undefined,
  againMs: AGAIN_AFTER_TROUBLE_MS,
  why: undefined,
  lost: [],
  away: undefined,
};

/** What `quire.take` answers. */
interface Taken {
  document: string | null;
  waitMs: number;
  againMs: number;
  why: PlaceAnswer['why'] | null;
  lost: string[];
  away: AwayTold | null;
}

/**
 * Limits of a model service that hold over all replicas on one database (`quire.take`). One statement at a time, so
 * that a place is given back before the next is asked for. As long as the database is away, nobody gets a place.
 */
export class SharedCalls implements SharedLimits {
  readonly #database: Pick<Database, 'query'>;
  readonly #settings: SharedCallSettings;
  readonly #onTrouble: (error: unknown) => void;
  readonly #closing = new AbortController();
  #last: Promise<unknown> = Promise.resolve();
  #away: AwayTold | undefined;

  /** @param onTrouble told of errors that are not the database's being away */
  constructor(
    database: Pick<Database, 'query'>,
    settings: SharedCallSettings,
    onTrouble: (error: unknown) => void,
  ) {
    this.#database = database;
    this.#settings = settings;
    this.#onTrouble = onTrouble;
  }

  take(next: readonly NextCall[], leaving: number): Promise<PlaceAnswer> {
    return this.#inTurn(async () => {
      if (this.#closing.signal.aborted && next.length > 0) return NO_PLACE;
      try {
        return await this.#take(next, leaving);
      } catch (error) {
        this.#note(error);
        return { ...NO_PLACE, away: this.#away };
      }
    });
  }

  async #take(next: readonly NextCall[], leaving: number): Promise<PlaceAnswer> {
    const { service, replica, concurrency, requestsPerMinute, tokensPerMinute, leaseMs } = this.#settings;
    const id = randomUUID();
    const [row] = await this.#database.query(
      'SELECT quire.take($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)::text AS answer',
      [
        ...[service, replica, id],
        next.map(({ document }) => document),
        next.map(({ run }) => run ?? ''),
        // No more is kept of whose they are, and an app may give names that the database takes no text for.
        next.map(({ owner }) => createHash('sha256').update(owner).digest('hex')),
        next.map(({ waitedMs }) => waitedMs),
        next.map(({ tokens }) => Math.min(tokens, MOST_TOKENS)),
        concurrency ?? null,
        callMs(requestsPerMinute),
        callMs(tokensPerMinute),
        leaseMs,
        leaving,
      ],
    );
    const { document, waitMs, againMs, why, lost, away } = parsed(row?.answer) as Taken;
    this.#away = away ?? undefined;
    return {
      place: document === null ? undefined : { id, document, waitMs },
      againMs,
      why: why ?? undefined,
      lost,
      away: this.#away,
    };
  }

  async give(place: Place, ending: CallEnding): Promise<AwayTold | undefined> {
    // As long as the database is away, nobody waits for it to be told.
    return new Promise((resolve) => {
      void this.#inTurn(async () => {
        const giveUpAt = performance.now() + this.#settings.leaseMs;
        for (;;) {
          try {
            return resolve(await this.#give(place, ending));
          } catch (error) {
            this.#note(error);
            resolve(this.#away);
            if (!(error instanceof StoreError) || performance.now() > giveUpAt) return;
          }
          if (this.#closing.signal.aborted) return;
          await sleep(AGAIN_AFTER_TROUBLE_MS, undefined, { signal: this.#closing.signal }).catch(ignore);
        }
      });
    });
  }

  async #give({ id }: Place, { used, isAnswered, holdMs, away }: CallEnding): Promise<AwayTold | undefined> {
    const { service, replica, concurrency, tokensPerMinute } = this.#settings;
    const [row] = await this.#database.query(
      'SELECT quire.give($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)::text AS away',
      [
        ...[service, replica, id, concurrency ?? null],
        ...[
          used === undefined ? null : Math.min(used, MOST_TOKENS),
          callMs(tokensPerMinute),
          isAnswered,
          holdMs,
        ],
        ...[away?.sinceMs ?? 0, away?.patienceMs ?? 0, away?.pauseMs ?? 0, away?.failedProbes ?? 0],
      ],
    );
    this.#away = typeof row?.away === 'string' ? (parsed(row.away) as AwayTold) : undefined;
    return this.#away;
  }

  /** Calls under way at the service, by the replica that makes them. */
  async underWay(): Promise<Map<string, number>> {
    const rows = await this.#database.query(
      `SELECT replica, count(*)::integer AS calls FROM quire.calls
       WHERE service = $1 AND until > clock_timestamp() GROUP BY replica`,
      [this.#settings.service],
    );
    return new Map(rows.map(({ replica, calls }) => [String(replica), Number(calls)]));
  }

  /** Takes no more places; those that were taken are given back unless the database is away. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#last;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done;
    return done;
  }

  #note(error: unknown): void {
    if (!(error instanceof StoreError)) this.#onTrouble(error);
  }
}

function ignore(): void {
  // It is tried once more.
}
