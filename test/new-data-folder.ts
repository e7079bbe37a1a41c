import { randomUUID } from 'node:crypto';
import { cpSync } from 'node:fs';
import { join } from 'node:path';

/** A folder for the data of one host or test file: one process at a time can use one. */
export function newDataFolder(): string {
  const all = process.env.TESTS_DIR ?? '';
  const folder = join(all, randomUUID());
  cpSync(join(all, 'template'), folder, { recursive: true });
  return folder;
}
