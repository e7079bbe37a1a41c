import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { DocumentRecord } from '../../src/index.js';
import { goldenPdf, isGolden, PRINTABLE, readSheet } from '../golden-pdf.js';
import { Provider } from '../provider.js';
import { newDataFolder } from '../shared.js';
import type { Status } from '../host.js';

const HOST = fileURLToPath(new URL('../stopping-host.js', import.meta.url));

const POLL_MS = 10;
const ROUNDS = 20;

type Counts = Record<string, number>;

interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The host's own last line; undefined when its handler did not come to its end. */
  listeners: { before: Counts; open: Counts; closed: Counts } | undefined;
  /** What it said on stderr. */
  said: string;
}

class StoppingHost {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #ended: Promise<unknown[]>;
  #stderr = '';

  constructor(variables: Record<string, string>) {
    this.#process = spawn(process.execPath, [HOST], {
      env: { PATH: process.env.PATH, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = once(this.#process, 'close');
    if (this.#process.stdout) {
      createInterface({ input: this.#process.stdout }).on('line', (line) => this.#lines.push(line));
    }
    this.#process.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
  }

  async address(): Promise<string> {
    while (this.#lines[0] === undefined) {
      if (this.#process.exitCode !== null) throw new Error('The host ended without an address');
      await sleep(POLL_MS);
    }
    return this.#lines[0];
  }

  /** Asks it to end. */
  async stop(): Promise<End> {
    this.#process.kill('SIGTERM');
    await this.#ended;
    const last = this.#lines[1];
    const told = last === undefined ? undefined : (JSON.parse(last) as Required<Pick<End, 'listeners'>>);
    const { exitCode: code, signalCode: signal } = this.#process;
    return { code, signal, listeners: told?.listeners, said: this.#stderr };
  }
}

/**
 * A host is started, reads a document, and is asked to end while calls are under way; so many times. Each
 * start goes on with the document before.
 */
test('twenty times a host ends by its own handler of SIGTERM, and no answer is lost', async () => {
  const [document] = PRINTABLE.filter(({ pages }) => Object.keys(pages).length >= 10);
  if (!document) throw new Error('No golden document is long enough');
  const provider = await Provider.start({ read: readSheet });
  const variables = {
    QUIRE_DATA_DIR: await newDataFolder(),
    OPENAI_API_KEY: 'test',
    OPENAI_MODEL: 'test-model',
    OPENAI_BASE_URL: provider.baseURL,
    QUIRE_PLAN: 'batch 2x3',
  };
  provider.behaviour.delay = () => 200;
  let before: string | undefined;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const host = new StoppingHost(variables);
      const base = await host.address();
      if (before) expect(isGolden(await recordOf(base, before), document)).toBe(true);
      const calls = provider.calls.length;
      before = await upload(base, await goldenPdf(document, `round ${round}`));
      while (provider.calls.length <= calls) await sleep(POLL_MS);
      const { code, signal, listeners, said } = await host.stop();
      const told = code === 0 ? '' : said;
      expect({ round, code, signal, told }).toEqual({ round, code: 0, signal: null, told: '' });
      expect(listeners).toBeDefined();
      expect(listeners?.open).toEqual(listeners?.before);
      expect(listeners?.closed).toEqual(listeners?.before);
    }
  } finally {
    await provider.close();
  }
  // Every answer was kept: none of its pages is asked about again.
  const asked = provider.calls.flatMap(({ pages }) => pages.map(({ text }) => text));
  expect(new Set(asked).size).toBe(asked.length);
});

async function upload(base: string, pdf: Uint8Array): Promise<string> {
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), 'package.pdf');
  const response = await fetch(`${base}/process`, { method: 'POST', body });
  const { job_id: id } = (await response.json()) as { job_id?: string };
  if (!id) throw new Error(`The upload was answered with ${response.status}`);
  return id;
}

async function recordOf(base: string, id: string): Promise<DocumentRecord | undefined> {
  for (;;) {
    const status = (await (await fetch(`${base}/status/${id}`)).json()) as Status;
    if (status.is_complete) return status.result?.documents[0];
    await sleep(POLL_MS);
  }
}
