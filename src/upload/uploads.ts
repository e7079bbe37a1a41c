import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Router } from 'express';
import type { Settings } from '../settings.js';
import { loggable } from '../logger.js';
import type { Store } from '../store/store.js';
import { Jobs, NotTakenError, type JobTools } from './jobs.js';
import { uploadRouter } from './router.js';
import type { Senders } from './sender.js';

/** Where documents are kept: a store of the caller's, which stays the caller's to close, or one to be opened. */
export type StorePlace = { store: Store } | { open: () => Promise<Store> };

/** The upload flow of one Quire: the store it opens when it is first needed, and the jobs on it. */
export class Uploads {
  readonly #place: StorePlace;
  readonly #settings: Settings;
  readonly #tools: Omit<JobTools, 'store'>;
  #opening: Promise<{ jobs: Jobs; store: Store }> | undefined;
  #closed: Promise<void> | undefined;

  constructor(place: StorePlace, settings: Settings, tools: Omit<JobTools, 'store'>) {
    this.#place = place;
    this.#settings = settings;
    this.#tools = tools;
  }

  router(senders: Senders): Router {
    void this.#openAtLast();
    return uploadRouter({
      opened: () => this.opened(),
      uploadDir: UPLOAD_DIR,
      senders,
      maxMegabytes: this.#settings.UPLOAD_MAX_MB,
      logger: this.#tools.logger,
    });
  }

  /** Documents left unfinished go on before anybody asks, as soon as the store can be opened. */
  async #openAtLast(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.opened();
        return;
      } catch (error) {
        this.#tools.logger.error(loggable(error), 'the store does not open');
        await sleep(OPEN_AGAIN_MS, undefined, { ref: false });
      }
    }
  }

  #trouble: { trouble: string; code: string | null } | null = null;
  get trouble(): { trouble: string; code: string | null } | null {
    return this.#trouble;
  }

  /** @throws {StoreError} when the store does not open; the next call tries again */
  opened(): Promise<{ jobs: Jobs; store: Store }> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.jobs.close();
    if ('open' in this.#place) await opened?.store.close();
  }

  async #open(): Promise<{ jobs: Jobs; store: Store }> {
    if (this.#closed) throw new NotTakenError('closed');
    await removeAbandonedUploads();
    const store = 'store' in this.#place ? this.#place.store : await this.#place.open();
    const jobs = new Jobs(
      {
        atOnce: this.#settings.DOCUMENTS_AT_ONCE,
        waiting: this.#settings.DOCUMENTS_WAITING,
        retentionDays: this.#settings.RETENTION_DAYS,
        graceMs: this.#settings.SHUTDOWN_GRACE_MS,
      },
      { ...this.#tools, store },
    );
    return { jobs, store };
  }
}

const OPEN_AGAIN_MS = 5_000;
const PREFIX = 'quire-uploads-';
const UPLOAD_DIR = join(tmpdir(), PREFIX + String(process.pid));

/** What processes that were killed left behind of uploads not yet accepted. */
async function removeAbandonedUploads(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : NaN;
    if (Number.isInteger(pid) && pid !== process.pid && !lives(pid)) {
      // One that is another user's is theirs to remove.
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
