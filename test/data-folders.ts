import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One folder for all data that tests leave behind, and in it an empty database for them to begin with. */
export default function setUp(): void {
  const folder = mkdtempSync(join(tmpdir(), 'quire-tests-'));
  process.env.TESTS_DIR = folder;
  mkdirSync(join(folder, 'template'));
  execFileSync(process.execPath, ['dist/store/create-cluster.js', join(folder, 'template', 'postgres')]);
}
