import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One folder for all data that tests leave behind; see `data-folder.ts`. */
export default function setUp(): void {
  process.env.QUIRE_TESTS_DIR = mkdtempSync(join(tmpdir(), 'quire-tests-'));
}
