import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packedModule } from '../shared.js';

/** The package as its users get it: installed outside of the repository's tree. */

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A new folder in the system's temporary one; whoever makes it removes it. */
export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'quire-package-'));
}

/**
 * Puts the packed module into a folder.
 *
 * @returns the file
 */
export async function pack(folder: string): Promise<string> {
  const packed = await packedModule();
  const copy = join(folder, basename(packed));
  copyFileSync(packed, copy);
  return copy;
}

/** Installs packages in a folder, as in an app, without their development dependencies. */
export async function install(folder: string, packages: readonly string[]): Promise<void> {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const quietly = ['--prefer-offline', '--no-audit', '--no-fund'];
  // What the repository's .npmrc says is handed down to what npm runs there; an app has its own.
  const asInAnApp = ['--omit=dev', '--engine-strict=false'];
  await run('npm', ['install', ...asInAnApp, ...quietly, ...packages], folder);
}

/**
 * Installs versions of Node.js, from the npm packages that `node` is made of.
 *
 * @returns their binaries
 */
export async function installNodes(folder: string, versions: readonly string[]): Promise<string[]> {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  const named = (version: string) => `node-${version}`;
  await install(
    folder,
    versions.map((version) => `${named(version)}@npm:node-${platform}-${process.arch}@${version}`),
  );
  return versions.map((version) => join(folder, 'node_modules', named(version), 'bin', binary));
}

/** How a command ended, and what it wrote to stdout and stderr. */
export interface Ended {
  code: number;
  out: string;
}

/** @throws when the command does not end with status 0, with all that it wrote */
export async function run(command: string, args: readonly string[], folder: string): Promise<Ended> {
  const ended = await attempt(command, args, folder);
  if (ended.code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${ended.code}: ${ended.out}`);
  return ended;
}

/** @param variables beside those of this process */
export function attempt(
  command: string,
  args: readonly string[],
  folder: string,
  variables: Record<string, string> = {},
): Promise<Ended> {
  // An app does not have this repository's .npmrc, which `npm run` hands on.
  const env = { ...process.env, npm_config_engine_strict: 'false', ...variables };
  const options = { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      const code = error ? error.code : 0;
      if (typeof code === 'number') resolve({ code, out: stdout + stderr });
      else reject(new Error(`${command} could not be run: ${error?.message}`));
    });
  });
}
