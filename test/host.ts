import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { StoredDocument } from '../src/index.js';

const SERVER = fileURLToPath(new URL('../dist/server.js', import.meta.url));

export interface Status {
  status: string;
  detailed_message: string;
  is_complete: boolean;
  result?: { documents: StoredDocument['documents'] };
}

export interface Uploaded {
  code: number;
  id: string | undefined;
  plan: string | null;
  retryAfter: string | null;
  message: string;
}

/** The runnable host in a process of its own, that can be killed, and one client with its cookie. */
export class Host {
  readonly #variables: Record<string, string>;
  readonly #server: string;
  #process: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  base = '';
  /** Of the session; kept over restarts as a browser keeps it. */
  cookie = '';
  /** All that the host wrote. */
  log = '';

  /** @param server of another build than this one */
  constructor(variables: Record<string, string>, server = SERVER) {
    this.#variables = variables;
    this.#server = server;
  }

  async start(more: Record<string, string> = {}): Promise<void> {
    const child = spawn(process.execPath, [this.#server], {
      env: { PATH: process.env.PATH, PORT: '0', ...this.#variables, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    this.#exited = once(child, 'close');
    const note = (chunk: Buffer | string) => void (this.log += chunk.toString());
    child.stderr.on('data', note);
    child.stdout.on('data', note);
    for await (const line of createInterface({ input: child.stdout })) {
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
      if (!address) continue;
      this.base = address;
      // What comes later must be read, or the host waits for it.
      child.stdout.resume();
      this.cookie ||= await this.#newSession();
      return;
    }
    throw new Error(`The host ended without an address: ${this.log}`);
  }

  async #newSession(): Promise<string> {
    const response = await fetch(`${this.base}/about`);
    return response.headers.getSetCookie().join().split(';')[0] ?? '';
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name);
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#exited;
  }

  /** @returns the exit code */
  async stop(): Promise<number | null> {
    this.#process?.kill('SIGTERM');
    await this.#exited;
    return this.#process?.exitCode ?? null;
  }

  get isRunning(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  /** Whether it stands still, after SIGSTOP. */
  get isHalted(): boolean {
    return readFileSync(`/proc/${this.#process?.pid}/stat`, 'utf8').includes(') T ');
  }

  /** Resident memory, in MB. */
  get rss(): number {
    const status = readFileSync(`/proc/${this.#process?.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  fetch(path: string, init: Omit<RequestInit, 'headers'> = {}): Promise<Response> {
    return fetch(this.base + path, { ...init, headers: { cookie: this.cookie } });
  }

  async upload(pdf: Uint8Array, filename = 'package.pdf'): Promise<Uploaded> {
    const body = new FormData();
    body.set('file', new Blob([Uint8Array.from(pdf)]), filename);
    const response = await this.fetch('/process', { method: 'POST', body });
    const { job_id, message } = (await response.json()) as { job_id?: string; message: string };
    return {
      code: response.status,
      id: job_id,
      plan: response.headers.get('x-quire-plan'),
      retryAfter: response.headers.get('retry-after'),
      message,
    };
  }

  async status(id: string | undefined): Promise<Status> {
    return (await (await this.fetch(`/status/${id}`)).json()) as Status;
  }

  async finished(id: string | undefined, pollMs = 20): Promise<Status> {
    for (;;) {
      const status = await this.status(id);
      if (status.is_complete) return status;
      if (status.status === 'Unknown job ID') throw new Error('There is no such job');
      await sleep(pollMs);
    }
  }
}
