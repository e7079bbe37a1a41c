import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedEngine } from '../engine/shared.js';
import { startLocal } from '../engine/local.js';
import { atMost } from '../abort.js';
import { SettingsError, type Settings } from '../settings.js';
import { loggable } from '../logger.js';
import { StoreError, type StoreTrouble } from '../store/database.js';
import { Notices } from '../store/notices.js';
import { applicationName } from '../store/replicas.js';
import type { Store } from '../store/store.js';
import { Documents, NotTakenError, type DocumentsTools } from './documents.js';

/** Why the store cannot be used. */
export interface StoreState {
  trouble: string;
  /** The code of its cause, where there is one. */
  code: string | null;
}

/** Where documents are kept: a store of the caller's, which stays the caller's to close, or one to be opened. */
export type StorePlace =
  { store: Store } | { open: (onInUse: (error: StoreError) => void) => Promise<Store> };

/** What documents need besides the store, and what is opened with it. */
export interface OpeningTools extends Omit<DocumentsTools, 'store' | 'startEngine' | 'shared'> {
  /** Where several processes read; undefined where this one reads alone. */
  engine: SharedEngine | undefined;
  /**
   * Shares with the other processes what is known of the model service and the rollout.
   *
   * @returns ends it
   */
  share(common: SharedWith): Promise<() => Promise<void>>;
}

/** What the processes that share the work have in common. */
export interface SharedWith {
  store: Store;
  notices: Notices;
  /** The id of this one. */
  replica: string;
}

/** The documents of one Quire, on a store that is opened when it is first needed. */
export class DocumentsOpening {
  readonly #place: StorePlace;
  readonly #settings: Settings;
  readonly #tools: OpeningTools;
  #opening: Promise<{ documents: Documents; store: Store }> | undefined;
  /** Set once it is open. */
  #store: Store | undefined;
  #documents: Documents | undefined;
  /** Why it is not open yet. */
  #notOpen: StoreError | undefined;
  /** Whether it is opened in the background, as soon as it can be. */
  #isAwaited = false;
  #unshare: (() => Promise<void>) | undefined;
  #closed: Promise<void> | undefined;
  /** Whether nothing is read from the store any more. */
  #hasEnded = false;

  constructor(place: StorePlace, settings: Settings, tools: OpeningTools) {
    this.#place = place;
    this.#settings = settings;
    this.#tools = tools;
  }

  /** Opens the store as soon as it can be: documents left unfinished go on before anybody asks. */
  async open(): Promise<void> {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    const told = { trouble: '', at: -Infinity };
    while (!this.#closed) {
      try {
        await this.#attempt();
        return;
      } catch (error) {
        const trouble = this.trouble?.trouble ?? 'unknown';
        if (trouble !== told.trouble || performance.now() - told.at > TELL_AGAIN_MS) {
          Object.assign(told, { trouble, at: performance.now() });
          const reason = error instanceof StoreError ? sentenceOf(error) : undefined;
          this.#tools.logger.error(
            {
              ...loggable(error),
              reason,
              because: error instanceof Error ? loggable(error.cause) : undefined,
            },
            'the store does not open; it is tried again',
          );
        }
        await sleep(OPEN_AGAIN_MS, undefined, { ref: false });
      }
    }
  }

  /** How many documents are read by this process, and how many wait for that. */
  get load(): { reading: number; waiting: number } {
    return this.#documents?.load ?? { reading: 0, waiting: 0 };
  }

  /** How many statements the store could not do, by trouble. */
  get failures(): ReadonlyMap<StoreTrouble, number> {
    return this.#store?.failures ?? new Map();
  }

  /** The same once it is known whether the store opens, or after 5 s. */
  async troubleOnceTried(): Promise<StoreState | null> {
    if (this.trouble?.trouble === OPENING) {
      const tried = this.#attempt().then(ignore, ignore);
      await atMost(TRIED_WITHIN_MS, tried, new AbortController().signal);
    }
    return this.trouble;
  }

  /** Why the store cannot be used; null while it can be, and where nobody needs it. */
  get trouble(): StoreState | null {
    const error = this.#store ? this.#store.trouble : this.#notOpen;
    if (error) return { trouble: error.trouble, code: error.code ?? null };
    return this.#isAwaited && !this.#store ? { trouble: OPENING, code: null } : null;
  }

  /**
   * The store, once it is open. Nobody waits for one that did not open and is tried again in the background.
   *
   * @throws {StoreError} when it is not open
   */
  async opened(): Promise<{ documents: Documents; store: Store }> {
    if (this.#hasEnded) throw new NotTakenError('closed');
    if (this.#isAwaited && this.#notOpen) throw this.#notOpen;
    return this.#attempt();
  }

  #attempt(): Promise<{ documents: Documents; store: Store }> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      if (error instanceof NotTakenError) throw error;
      this.#notOpen = error instanceof StoreError ? error : new StoreError('unreachable', { cause: error });
      throw this.#notOpen;
    });
    return this.#opening;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.documents.close();
    this.#hasEnded = true;
    await this.#unshare?.();
    if ('open' in this.#place) await opened?.store.close();
  }

  async #open(): Promise<{ documents: Documents; store: Store }> {
    if (this.#closed) throw new NotTakenError('closed');
    const store =
      'store' in this.#place
        ? this.#place.store
        : await this.#place.open((error) => {
            this.#notOpen = error;
          });
    try {
      const documents = await this.#start(store);
      this.#store = store;
      this.#notOpen = undefined;
      this.#documents = documents;
      return { documents, store };
    } catch (error) {
      await this.#unshare?.();
      this.#unshare = undefined;
      if ('open' in this.#place) await store.close();
      throw error;
    }
  }

  async #start(store: Store): Promise<Documents> {
    const { engine } = this.#tools;
    const shared = engine && (await this.#share(store, engine));
    if (!shared) await store.reserve();
    return Documents.start(this.#documentsSettings, {
      ...this.#tools,
      store,
      shared,
      startEngine: (tools) =>
        engine && shared
          ? engine.start(
              { ...engine, address: store.address ?? '', atOnce: this.#settings.DOCUMENTS_AT_ONCE },
              {
                ...tools,
                replicas: shared.replicas,
              },
            )
          : Promise.resolve(startLocal({ ...tools, store })),
    });
  }

  async #share(store: Store, { replica }: SharedEngine): Promise<NonNullable<DocumentsTools['shared']>> {
    const notices = new Notices(store.address ?? '', applicationName(replica.id));
    this.#unshare = () => notices.close();
    const end = await this.#tools.share({ store, notices, replica: replica.id });
    this.#unshare = async () => {
      await end();
      await notices.close();
    };
    return { replica: replica.id, replicas: store.share(), notices };
  }

  get #documentsSettings() {
    return {
      atOnce: this.#settings.DOCUMENTS_AT_ONCE,
      waiting: this.#settings.DOCUMENTS_WAITING,
      ofOwner: this.#settings.OWNER_DOCUMENTS_WAITING,
      pagesOfOwner: this.#settings.OWNER_PAGES_AT_ONCE,
      bytesOfOwner: megabytes(this.#settings.OWNER_MB_KEPT),
      retentionDays: this.#settings.RETENTION_DAYS,
      graceMs: this.#settings.SHUTDOWN_GRACE_MS,
    };
  }
}

const OPENING = 'opening';
const TRIED_WITHIN_MS = 5_000;
const OPEN_AGAIN_MS = 1_000;
const TELL_AGAIN_MS = 60_000;

function megabytes(count: number | undefined): number | undefined {
  return count === undefined ? undefined : count * 1024 * 1024;
}

/** What to do about it. */
function sentenceOf(error: StoreError): string {
  return error.cause instanceof SettingsError ? error.cause.message : error.message;
}

function ignore(): void {
  // What came of it is kept.
}
