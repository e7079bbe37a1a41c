import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readHostSettings, readSettings, SettingsError } from '../settings.js';
import { StoreError } from '../store/database.js';
import { Store } from '../store/store.js';
import { TrialError } from './trial-error.js';

/**
 * Does work on the documents that a server with the same settings keeps, and closes their database.
 *
 * @throws {TrialError} at once where the embedded database is another process's
 */
export async function withKeptDocuments<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const store = await open();
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function open(): Promise<Store> {
  const { QUIRE_DATABASE_URL, QUIRE_DATA_DIR } = readSettings();
  // As the server has it.
  const url = QUIRE_DATABASE_URL ?? readHostSettings().DATABASE_URL;
  if (url === undefined && !(await isThere(join(QUIRE_DATA_DIR, 'postgres')))) {
    throw new TrialError(
      `There are no documents in the folder ${resolve(QUIRE_DATA_DIR)}. QUIRE_DATA_DIR or QUIRE_DATABASE_URL must name where the server keeps them.`,
    );
  }
  try {
    return await Store.open({ url, dataDir: QUIRE_DATA_DIR, connections: 2 }, (error) => {
      // A server keeps the folder for as long as it runs: there is no use in waiting.
      throw error;
    });
  } catch (error) {
    if (error instanceof StoreError && error.trouble === 'in_use') {
      throw new TrialError(
        `The embedded database in ${resolve(QUIRE_DATA_DIR)} serves one process, and a server has it: stop the server first, or keep documents in a PostgreSQL (QUIRE_DATABASE_URL).`,
      );
    }
    if (error instanceof StoreError || error instanceof SettingsError) throw new TrialError(error.message);
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
