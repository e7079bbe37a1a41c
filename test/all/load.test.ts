import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { damagedFiles } from '../damaged.js';
import { goldenPdf, isGolden, PRINTABLE, readSheet } from '../golden-pdf.js';
import type { GoldenDocument } from '../golden.js';
import { Host } from '../host.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { Postgres } from '../postgres.js';
import { Provider } from '../provider.js';
import { newDatabase, newDataFolder, newFolder } from '../shared.js';

/** The host under more than it can take: too many, too long, too damaged, and with its database or disk away. */

/** A quick model; the old system's took five times as long. */
const CALL_MS = 1_000;

let provider: Provider;
let host: Host;
beforeAll(async () => {
  provider = await Provider.start({
    read: ({ text }) => (text.includes('Sheet ') ? readSheet({ number: 0, text }) : []),
  });
});
afterAll(() => provider.close());
afterEach(async () => {
  delete provider.behaviour.delay;
  if (host.isRunning) await host.stop();
});

async function start(variables: Record<string, string>): Promise<void> {
  host = new Host({
    OPENAI_API_KEY: 'test',
    OPENAI_MODEL: 'test-model',
    OPENAI_BASE_URL: provider.baseURL,
    LOG_LEVEL: 'error',
    ...variables,
  });
  await host.start();
}

let load: Promise<{ document: GoldenDocument; pdf: Buffer }[]> | undefined;

/** 199 packages, made once for both databases. */
function loadOf(documents: readonly GoldenDocument[]) {
  load ??= Promise.all(
    Array.from({ length: 199 }, async (_, index) => {
      const document = documents[index % documents.length];
      if (!document) throw new Error('There are no long golden documents');
      return { document, pdf: await goldenPdf(document, `load-${index}`) };
    }),
  );
  return load;
}

const databases = [
  ['the embedded database', async () => ({ QUIRE_DATA_DIR: await newDataFolder() })],
  ['PostgreSQL', async () => ({ DATABASE_URL: await newDatabase() })],
] as const;

test.each(databases)(
  '200 uploads at once are read or turned away, and short ones are read while a long one is: %s',
  async (_name, database) => {
    await start({
      ...(await database()),
      DOCUMENTS_AT_ONCE: '20',
      DOCUMENTS_WAITING: '0',
      // All come from one client.
      UPLOADS_ARRIVING: '250',
      UPLOADS_ARRIVING_PER_OWNER: '250',
      QUIRE_PLAN: 'batch 2x3',
    });
    provider.behaviour.delay = () => CALL_MS;
    const short = PRINTABLE.find(({ pages }) => Object.keys(pages).length === 2);
    const others = PRINTABLE.filter(({ pages }) => Object.keys(pages).length > 4);
    if (!short) throw new Error('No golden document has two pages');
    /** Sends it until it is taken, and waits for its end. */
    const readShort = async (copy: string) => {
      const pdf = await goldenPdf(short, copy);
      for (;;) {
        const { code, id } = await host.upload(pdf);
        if (code === 200) return host.finished(id);
        await sleep(20);
      }
    };

    const long = await makePdf(
      Array.from({ length: 200 }, (_, page) => ({
        texts: lines('ACCOUNT NUMBER: 12345678', `Page ${page}`),
      })),
    );
    const longUpload = await host.upload(long, 'long.pdf');
    expect(longUpload.code).toBe(200);
    const pdfs = await loadOf(others);
    const answered: { document: GoldenDocument; id: string | undefined; code: number }[] = [];
    await Promise.all([
      ...pdfs.map(async ({ document, pdf }) => {
        const { code, id, retryAfter } = await host.upload(pdf);
        if (code === 503) expect(Number(retryAfter)).toBeGreaterThan(0);
        answered.push({ document, id, code });
        // As browsers do, and not so often that the test itself is the load.
        if (code === 200) await host.finished(id, 300);
      }),
      sleep(300).then(async () => {
        for (const copy of ['busy 1', 'busy 2', 'busy 3']) await readShort(copy);
        // 200 pages, two a call and three calls at once, take 34 times a call.
        expect((await host.status(longUpload.id)).is_complete).toBe(false);
      }),
    ]);
    const accepted = answered.filter(({ code }) => code === 200);
    expect(answered).toHaveLength(199);
    expect(answered.every(({ code }) => code === 200 || code === 503)).toBe(true);
    expect(accepted.length).toBeGreaterThanOrEqual(10);
    expect(accepted.length).toBeLessThan(199);
    for (const { id, document } of accepted) {
      expect(isGolden((await host.status(id)).result?.documents[0], document)).toBe(true);
    }
    const { total } = (await (await host.fetch('/api/documents')).json()) as { total: number };
    expect(total).toBe(accepted.length + 4);
  },
  300_000,
);

/** For each database; the soak sends all of them to both. */
const DAMAGED = process.env.SOAK_ROUNDS ? 500 : 250;

test.each(databases)(
  'damaged files are each answered with a reason, and the host lives on: %s',
  async (_name, database) => {
    const next = await damagedFiles();
    await start({
      ...(await database()),
      PDF_TIME_LIMIT_MS: '2000',
      QUIRE_PLAN: 'batch 3x5',
      OCR_TIME_LIMIT_MS: '5000',
    });
    const read = async () => {
      const { code, id, message } = await host.upload(next());
      if (code === 400) return message;
      expect(code).toBe(200);
      const { status, detailed_message, result } = await host.finished(id);
      const missing = result?.documents.flatMap(({ failed_pages }) => failed_pages) ?? [];
      return status === 'completed' || missing.length > 0 ? 'read' : detailed_message;
    };
    const reasons: string[] = [];
    let sent = 0;
    const lane = async () => {
      while (sent++ < DAMAGED) reasons.push(await read());
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
    expect(reasons).toHaveLength(DAMAGED);
    expect(reasons.filter((reason) => !/^(read$|The (PDF|file) |No page could)/.test(reason))).toEqual([]);
    expect(host.isRunning).toBe(true);
  },
  300_000,
);

test('a database that goes away and comes back costs no document and no answer', async () => {
  const own = await Postgres.start();
  try {
    await start({ DATABASE_URL: own.url, QUIRE_PLAN: 'batch 2x3' });
    provider.behaviour.delay = () => 700;
    const before = provider.calls.length;
    const documents = PRINTABLE.slice(0, 6);
    const [first] = documents;
    if (!first) throw new Error('No golden document can be printed');
    const ids: (string | undefined)[] = [];
    for (const [index, document] of documents.entries()) {
      ids.push((await host.upload(await goldenPdf(document, `away-${index}`))).id);
    }
    // Their answers come while the database is away.
    await provider.called(before + 6);
    await own.kill();
    const away = await host.upload(await goldenPdf(first, 'refused'));
    expect(away).toMatchObject({ code: 503, message: expect.stringMatching(/store/) });
    expect((await host.fetch('/api/documents')).status).toBe(503);
    await sleep(1_000);
    await own.restart();
    for (const [index, document] of documents.entries()) {
      const { result } = await host.finished(ids[index]);
      expect(isGolden(result?.documents[0], document)).toBe(true);
    }
    const asked = provider.calls.slice(before).flatMap(({ pages }) => pages.map(({ text }) => text));
    expect(new Set(asked).size).toBe(asked.length);
  } finally {
    await host.stop();
    await own.close();
  }
});

test('a model that is gone fails pages and no document for good: asked again, the record is golden', async () => {
  await start({
    QUIRE_DATA_DIR: await newDataFolder(),
    QUIRE_PLAN: 'batch 3x5',
    LLM_PAGE_ATTEMPTS: '2',
    // It is waited for otherwise.
    LLM_OUTAGE_PATIENCE_MS: '0',
  });
  const [document] = PRINTABLE;
  if (!document) throw new Error('No golden document can be printed');
  provider.behaviour.fault = () => 'reset';
  const { id } = await host.upload(await goldenPdf(document, 'gone'));
  const gone = await host.finished(id);
  expect(gone.status).toBe('failed');
  expect(gone.result?.documents[0]?.failed_pages[0]?.reason).toBe('connection');
  delete provider.behaviour.fault;
  expect((await host.fetch(`/api/document/${id}/retry`, { method: 'POST' })).status).toBe(200);
  expect(isGolden((await host.finished(id)).result?.documents[0], document)).toBe(true);
});

describe('a disk that is full', () => {
  let disk: string;
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
  beforeAll(async () => {
    disk = await newFolder();
    if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=220m', 'tmpfs', disk]);
  });
  afterAll(async () => {
    await host.stop();
    if (isRoot) execFileSync('umount', [disk]);
  });
  // Only root can make a small disk.
  (isRoot ? test : test.skip)('turns uploads away, and goes on when there is space again', async () => {
    await start({ QUIRE_DATA_DIR: join(disk, 'data'), QUIRE_PLAN: 'single-page' });
    const [document] = PRINTABLE;
    if (!document) throw new Error('No golden document can be printed');
    const first = await host.upload(await goldenPdf(document, 'before'));
    await host.finished(first.id);
    provider.behaviour.delay = () => 100;
    const second = await host.upload(await goldenPdf(document, 'while it fills'));
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize - 40 * 1024 * 1024));
    expect(await host.upload(await goldenPdf(document, 'full'))).toMatchObject({ code: 503 });
    expect((await host.status(first.id)).status).toBe('completed');
    rmSync(join(disk, 'filler'));
    expect(isGolden((await host.finished(second.id)).result?.documents[0], document)).toBe(true);
    const third = await host.upload(await goldenPdf(document, 'after'));
    expect((await host.finished(third.id)).status).toBe('completed');
    const { total } = (await (await host.fetch('/api/documents')).json()) as { total: number };
    expect(total).toBe(3);
  });
});
