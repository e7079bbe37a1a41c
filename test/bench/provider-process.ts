import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { JournalEntry, ProviderSetup } from './provider-model.js';
import type { Outcome, Task } from './run.js';

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

function start(name: string, ...given: string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', script(name), ...given], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH },
  });
}

/** The provider model in a process of its own, so that the processor time of a run is the run's alone. */
export class ProviderProcess {
  readonly #child = start('provider-model.ts');
  #address = '';

  async started(): Promise<this> {
    if (this.#child.stdout) {
      for await (const line of createInterface({ input: this.#child.stdout })) {
        this.#address = line;
        return this;
      }
    }
    throw new Error('The provider model did not start');
  }

  get baseURL(): string {
    return `${this.#address}/v1`;
  }

  /** Starts anew. */
  async setUp(setup: ProviderSetup): Promise<void> {
    await fetch(new URL('/setup', this.#address), { method: 'POST', body: JSON.stringify(setup) });
  }

  /** What has been since the last setup. */
  async journal(): Promise<JournalEntry[]> {
    return (await (await fetch(new URL('/journal', this.#address))).json()) as JournalEntry[];
  }

  /** Runs a task in a fresh process. */
  async run(task: Omit<Task, 'baseURL'>): Promise<{ outcome: Outcome; journal: JournalEntry[] }> {
    const child = start('run.ts', JSON.stringify({ ...task, baseURL: this.baseURL }));
    let written = '';
    child.stdout?.on('data', (chunk: Buffer) => (written += chunk.toString()));
    await once(child, 'close');
    return { outcome: JSON.parse(written) as Outcome, journal: await this.journal() };
  }

  stop(): void {
    this.#child.kill();
  }
}
