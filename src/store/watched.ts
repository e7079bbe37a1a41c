import { isReading, StoreError, type Database, type StoreTrouble } from './database.js';

/** A database that knows what trouble its last statement had. */
export interface WatchedDatabase extends Database {
  /** Undefined as soon as a statement succeeds; of a full disk, one that writes. */
  readonly trouble: StoreError | undefined;
  /** How many statements failed, by trouble. */
  readonly failures: ReadonlyMap<StoreTrouble, number>;
}

export function watched(database: Database): WatchedDatabase {
  let trouble: StoreError | undefined;
  const failures = new Map<StoreTrouble, number>();
  const watch = async <T>(isWriting: boolean, statement: Promise<T>): Promise<T> => {
    try {
      const result = await statement;
      if (isWriting || trouble?.trouble !== 'disk_full') trouble = undefined;
      return result;
    } catch (error) {
      if (error instanceof StoreError) {
        trouble = error;
        failures.set(error.trouble, (failures.get(error.trouble) ?? 0) + 1);
      }
      throw error;
    }
  };
  return {
    ...database,
    failures,
    get trouble() {
      return trouble;
    },
    query: (sql, parameters) => watch(!isReading(sql), database.query(sql, parameters)),
    transaction: (work, limit) => watch(true, database.transaction(work, limit)),
  };
}
