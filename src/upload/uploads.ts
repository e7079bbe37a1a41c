import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Router } from 'express';
import type { Settings } from '../settings.js';
import { loggable } from '../logger.js';
import { Store } from '../store/store.js';
import type { Identify } from './host-request.js';
import { Jobs, NotTakenError, type JobTools } from './jobs.js';
import { uploadRouter } from './router.js';

/** The upload flow of one Quire: the store it opens when it is first needed, and the jobs on it. */
export class Uploads {
  readonly #given: Store | undefined;
  readonly #settings: Settings;
  readonly #tools: Omit<JobTools, 'store'>;
  #opening: Promise<{ jobs: Jobs; store: Store }> | undefined;
  #closed: Promise<void> | undefined;

  /** @param given a store of the caller's, which stays the caller's to close */
  constructor(given: Store | undefined, settings: Settings, tools: Omit<JobTools, 'store'>) {
    this.#given = given;
    this.#settings = settings;
    this.#tools = tools;
  }

  router(identify: Identify): Router {
    void this.#openAtLast();
    return uploadRouter({
      opened: () => this.opened(),
      uploadDir: UPLOAD_DIR,
      identify,
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
    if (!this.#given) await opened?.store.close();
  }

  async #open(): Promise<{ jobs: Jobs; store: Store }> {
    if (this.#closed) throw new NotTakenError('closed');
    const { DATABASE_URL: url, QUIRE_DATA_DIR: dataDir } = this.#settings;
    await removeAbandonedUploads();
    const store = this.#given ?? (await Store.open({ url, dataDir }));
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
