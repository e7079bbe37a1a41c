import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ROOT } from './markdown.js';

/** The module as its users get it. */
export interface Packed {
  filename: string;
  files: string[];
}

/**
 * Packs what is built, without building it anew.
 *
 * @param folder where the tarball goes; without one there is none
 */
export async function pack(folder?: string): Promise<Packed> {
  const place = folder === undefined ? ['--dry-run'] : ['--pack-destination', folder];
  const args = ['pack', '--json', '--ignore-scripts', ...place];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: ROOT });
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  return { filename: packed.filename, files: packed.files.map(({ path }) => path) };
}
