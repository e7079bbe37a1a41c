import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Host } from '../host.js';
import { lines, makePdf, noisyScans } from '../pdf-fixtures.js';
import { Postgres } from '../postgres.js';
import { Provider } from '../provider.js';
import { atMost, timed } from './figures.js';

const TIMES = 5;
const SCANS_BEFORE = 25;

/** A page of text sent from one address, while another sends scans of 500 pages as fast as they are taken. */
export async function fairness(): Promise<void> {
  const postgres = await Postgres.start();
  const provider = await Provider.start({
    read: () => [{ name: 'Branch', value: 'Main', confidence: 90 }],
  });
  const host = new Host({
    DATABASE_URL: postgres.url,
    OPENAI_API_KEY: 'bench',
    OPENAI_MODEL: 'test-model',
    OPENAI_BASE_URL: provider.baseURL,
    LOG_LEVEL: 'silent',
    QUIRE_PLAN: 'batch 2x3',
    SHUTDOWN_GRACE_MS: '0',
  });
  const done = new AbortController();
  try {
    await host.start();
    const other = new Visitor(host.base, '127.0.0.2');
    const readPage = async (copy: string) => {
      const pdf = await makePdf([{ texts: lines('ACCOUNT NUMBER: 12345678', `Branch: Main ${copy}`) }]);
      return timed(() => other.read(pdf));
    };
    await readPage('warm');
    const alone = await readPage('alone');

    const scans = noisyScans(500);
    let taken = 0;
    const flood = (async () => {
      while (!done.signal.aborted) {
        if ((await host.upload(scans)).code === 200) taken++;
        else await sleep(20);
      }
    })();
    while (taken < SCANS_BEFORE) await sleep(20);
    const beside: number[] = [];
    for (let time = 1; time <= TIMES; time++) beside.push(await readPage(`beside ${time}`));
    done.abort();
    await flood;
    process.stdout.write(`${taken} scans of 500 pages; alone ${(alone / 1_000).toFixed(2)} s\n`);
    atMost(3, 'seconds for a page of text beside them, the longest', Math.max(...beside) / 1_000);
  } finally {
    done.abort();
    await host.kill();
    await provider.close();
    await postgres.close();
  }
}

/** Somebody at an address of this machine's own network. */
class Visitor {
  #cookie = '';

  constructor(
    readonly base: string,
    readonly address: string,
  ) {}

  /** Sends a document and waits until it is complete. */
  async read(pdf: Uint8Array): Promise<void> {
    const form = new FormData();
    form.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
    const { job_id: id, message } = (await this.#ask('/process', form)) as {
      job_id?: string;
      message: string;
    };
    if (!id) throw new Error(message);
    for (;;) {
      const { is_complete: isComplete } = (await this.#ask(`/status/${id}`)) as { is_complete: boolean };
      if (isComplete) return;
      await sleep(20);
    }
  }

  async #ask(path: string, form?: FormData): Promise<unknown> {
    const { headers, body } = new Request(this.base, form ? { method: 'POST', body: form } : {});
    const asked = request(this.base + path, {
      method: form ? 'POST' : 'GET',
      localAddress: this.address,
      headers: { ...Object.fromEntries(headers), ...(this.#cookie && { cookie: this.#cookie }) },
    });
    for await (const chunk of body ?? []) asked.write(chunk);
    asked.end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    this.#cookie ||= answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    return json(answer);
  }
}
