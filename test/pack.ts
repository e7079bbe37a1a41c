import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What `npm pack` needs of the repository. */
const SOURCES = [
  'src',
  'docs',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

/**
 * Packs the module in a copy of the tree, because tests use the build in `dist/` meanwhile.
 *
 * @param folder that there is not yet
 * @returns the file
 */
export async function packModule(folder: string): Promise<string> {
  const tree = join(folder, 'tree');
  mkdirSync(tree, { recursive: true });
  for (const name of SOURCES) cpSync(join(ROOT, name), join(tree, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  await promisify(execFile)('npm', ['pack', '--pack-destination', folder], { cwd: tree });
  const packed = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (packed === undefined) throw new Error('npm pack wrote no file');
  return join(folder, packed);
}
