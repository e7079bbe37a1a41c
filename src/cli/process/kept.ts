import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { faultOf } from '../../evaluation/faults.js';
import { packageVersion } from '../../options.js';
import type { AnswerCache } from '../../processor/answers.js';
import type { Settings } from '../../settings.js';
import type { OcrCache } from '../../stages/document-ocr.js';
import { withStoreRetry } from '../../store/retry.js';
import { Store } from '../../store/store.js';
import { UsageError } from './usage-error.js';

/** Where the embedded database of this command is, so that a server beside it has its own. */
const FOLDER = 'process';

/** What one document goes on with. */
export interface KeptOfDocument {
  answers: AnswerCache;
  ocr: OcrCache;
}

/** What runs before have paid for or waited for, in a store that is opened when it is first needed. */
export class Kept {
  readonly #settings: Settings;
  readonly #signal: AbortSignal;
  #store: Promise<Store> | undefined;

  constructor(settings: Settings, signal: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
  }

  /**
   * @param sha256 of the document's bytes
   * @throws {StoreError} when the store does not open
   * @throws {UsageError} when nothing can be kept in the folder that is set
   */
  async of(sha256: string): Promise<KeptOfDocument> {
    this.#store ??= this.#open();
    const store = await this.#store;
    const { terminalAnswers: answers } = store;
    const scans = store.terminalScans(sha256, `${packageVersion()} ${this.#settings.OCR_LANGUAGES}`);
    // What was paid for waits for a database that is away, also when the run is being stopped.
    const always = new AbortController().signal;
    return {
      answers: {
        find: (keys) => withStoreRetry(() => answers.find(keys), this.#signal),
        keep: (kept) => withStoreRetry(() => answers.keep(kept), always),
      },
      ocr: {
        find: (picture) => withStoreRetry(() => scans.find(picture), this.#signal),
        keep: (picture, read) => withStoreRetry(() => scans.keep(picture, read), this.#signal),
      },
    };
  }

  /** Page texts are personal data: of documents that are read whole, none stays. */
  async forgetScans(sha256s: readonly string[]): Promise<void> {
    const store = await this.#store?.catch(() => undefined);
    if (store) await withStoreRetry(() => store.forgetTerminalScans(sha256s), this.#signal);
  }

  async #open(): Promise<Store> {
    const { QUIRE_DATABASE_URL: url, QUIRE_DATA_DIR, RETENTION_DAYS: days } = this.#settings;
    const dataDir = join(QUIRE_DATA_DIR, FOLDER);
    if (url === undefined) await checkFolder(dataDir);
    const store = await Store.open(url === undefined ? { dataDir } : { url });
    if (days !== undefined) await store.expireOfTerminal(days);
    return store;
  }

  async close(): Promise<void> {
    const store = await this.#store?.catch(() => undefined);
    await store?.close();
  }
}

async function checkFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UsageError(`Answers cannot be kept in ${folder} (QUIRE_DATA_DIR): ${faultOf(error)}`);
  }
}
