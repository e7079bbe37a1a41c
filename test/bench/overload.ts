import { setTimeout as sleep } from 'node:timers/promises';
import { goldenPdf, PRINTABLE, readSheet } from '../golden-pdf.js';
import { Host } from '../host.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { Postgres } from '../postgres.js';
import { Provider } from '../provider.js';
import { atMost } from './figures.js';

/** A quick model; the old system's took five times as long. */
const CALL_MS = 1_000;
const UPLOADS = 199;

/** A short document beside 199 uploads at once and one of 200 pages, against the same document alone; and memory. */
export async function overload(): Promise<void> {
  const postgres = await Postgres.start();
  const provider = await Provider.start({ read: readSheet, delay: () => CALL_MS });
  const host = new Host({
    DATABASE_URL: postgres.url,
    OPENAI_API_KEY: 'bench',
    OPENAI_MODEL: 'test-model',
    OPENAI_BASE_URL: provider.baseURL,
    LOG_LEVEL: 'error',
    DOCUMENTS_AT_ONCE: '20',
    DOCUMENTS_WAITING: '0',
    // All come from one client.
    UPLOADS_ARRIVING: '250',
    UPLOADS_ARRIVING_PER_OWNER: '250',
    QUIRE_PLAN: 'batch 2x3',
  });
  try {
    await host.start();
    const short = PRINTABLE.find(({ pages }) => Object.keys(pages).length === 2);
    const others = PRINTABLE.filter(({ pages }) => Object.keys(pages).length > 4);
    if (!short) throw new Error('No golden document has two pages');
    const readShort = async (copy: string) => {
      const pdf = await goldenPdf(short, copy);
      for (;;) {
        const started = performance.now();
        const { code, id } = await host.upload(pdf);
        if (code === 200) {
          await host.finished(id);
          return performance.now() - started;
        }
        await sleep(20);
      }
    };
    await readShort('warm');
    const idle = await readShort('idle');

    const pages = Array.from({ length: 200 }, (_, page) => ({
      texts: lines('ACCOUNT NUMBER: 12345678', `Sheet ${page}`),
    }));
    await host.upload(await makePdf(pages), 'long.pdf');
    const pdfs = await Promise.all(
      Array.from({ length: UPLOADS }, (_, index) => {
        const document = others[index % others.length];
        if (!document) throw new Error('There are no long golden documents');
        return goldenPdf(document, `load-${index}`);
      }),
    );
    let mostMb = 0;
    const watch = setInterval(() => (mostMb = Math.max(mostMb, host.rss)), 50);
    const busy: number[] = [];
    await Promise.all([
      ...pdfs.map(async (pdf) => {
        const { code, id } = await host.upload(pdf);
        // As browsers do, and not so often that the bench itself is the load.
        if (code === 200) await host.finished(id, 300);
      }),
      sleep(300).then(async () => {
        for (const copy of ['busy 1', 'busy 2', 'busy 3']) busy.push(await readShort(copy));
      }),
    ]);
    clearInterval(watch);
    // The middle one, as a disk that is slow for a moment says nothing of fairness.
    const [, middle = NaN] = busy.sort((a, b) => a - b);
    atMost(3, `a short document's time beside ${UPLOADS} uploads, to its time alone`, middle / idle);
    atMost(500, 'resident memory in MB', mostMb);
  } finally {
    await host.stop();
    await provider.close();
    await postgres.close();
  }
}
