import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How a command ended, and all that it wrote. */
export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/**
 * Runs a script of the build to its end.
 *
 * @param variables the whole environment beside PATH, so that no setting of the machine matters
 */
export async function runScript(
  script: string,
  args: readonly string[],
  folder: string,
  variables: Record<string, string>,
): Promise<Ended> {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended: Ended = { code: null, out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (ended.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (ended.err += chunk.toString()));
  await once(child, 'close');
  return { ...ended, code: child.exitCode };
}
