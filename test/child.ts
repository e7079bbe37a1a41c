import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A Node.js process that runs until the test ends it. */
export class Child {
  readonly #process: ChildProcess;
  #errors = '';

  /** @param variables the whole environment beside PATH, so that no setting of the machine matters */
  constructor(file: string, variables: Record<string, string> = {}, folder?: string) {
    this.#process = spawn(process.execPath, [file], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
  }

  /** The address in the first line of output that has one. */
  async address(): Promise<string> {
    if (this.#process.stdout) {
      for await (const line of createInterface({ input: this.#process.stdout })) {
        const address = /http:\/\/127\.0\.0\.1:\d+[^\s]*/.exec(line)?.[0];
        if (address) return address;
      }
    }
    throw new Error(`The process ended without an address: ${this.#errors}`);
  }

  async ended(): Promise<{ code: number | null; errors: string }> {
    if (this.#process.exitCode === null) await once(this.#process, 'close');
    return { code: this.#process.exitCode, errors: this.#errors };
  }

  async stop(): Promise<number | null> {
    this.#process.kill('SIGTERM');
    return (await this.ended()).code;
  }
}
