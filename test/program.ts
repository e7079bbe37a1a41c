import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A command line in a shell, with everything that it starts. */
export class Program {
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  /** All that it wrote. */
  output = '';

  /** @param variables the whole environment beside PATH and HOME, so that no setting of the machine matters */
  constructor(
    readonly command: string,
    options: { folder: string; variables?: Readonly<Record<string, string>> },
  ) {
    const { PATH, HOME } = process.env;
    this.#process = spawn('bash', ['-c', command], {
      cwd: options.folder,
      env: { PATH, HOME, ...options.variables },
      // A group of its own, so that it can be ended with all that it started.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#closed = once(this.#process, 'close');
    const note = (chunk: Buffer) => void (this.output += chunk.toString());
    this.#process.stdout?.on('data', note);
    this.#process.stderr?.on('data', note);
  }

  /**
   * Waits until it has written something.
   *
   * @returns the first group of the pattern, or all that was found
   */
  async says(pattern: RegExp): Promise<string> {
    const ended = this.#closed.then(() => true);
    for (;;) {
      const found = pattern.exec(this.output);
      if (found) return found[1] ?? found[0];
      const wrote = [this.#process.stdout, this.#process.stderr].flatMap((stream) =>
        stream ? once(stream, 'data').then(() => false) : [],
      );
      const isOver = await Promise.race([ended, ...wrote]);
      if (isOver && !pattern.test(this.output)) {
        throw new Error(`"${this.command}" ended without saying ${String(pattern)}:\n${this.output}`);
      }
    }
  }

  /** @returns its exit status; null when a signal ended it */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.#process.exitCode;
  }

  /** Sends a signal to all of it. @returns the exit status of the shell */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal);
    return this.ended();
  }
}
