import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import express from 'express';
import type * as Quire from '../../src/index.js';
import type { ChatClient } from '../../src/index.js';
import { evidenceOf } from '../../src/stages/evidence.js';
import type * as Reader from '../../src/stages/page-texts.js';
import { encodeWords } from '../../src/processor/words.js';
import { GOLDEN } from '../golden.js';
import { goldenPdf, PRINTABLE, readSheet } from '../golden-pdf.js';
import { SILENT } from '../silent.js';
import { built, HERE } from './built.js';
import { atMost, median } from './figures.js';

const WARM_UP = 3;
const UPLOADS = 6;

/**
 * The processor's time that Quire itself takes, for a page: of this checkout, and of another one that is
 * named by QUIRE_BASELINE (with its `dist/` built), in turns within one process. The model answers at once.
 */
export async function ownTime(): Promise<void> {
  const baseline = process.env.QUIRE_BASELINE;
  if (!baseline) {
    tell('left out: QUIRE_BASELINE names no checkout to compare with');
    return;
  }
  const there = pathToFileURL(`${baseline}/`).href;
  const [now, before] = [await readingPages(HERE), await readingPages(there)];
  const { ratio } = await inTurns(now, before, 15);
  atMost(1.05, 'processor time for a page of processPages, to the version before', ratio);

  const [upload, uploadBefore] = [await uploading(HERE), await uploading(there)];
  try {
    const pages = PRINTABLE.slice(0, UPLOADS).reduce((sum, { pages }) => sum + Object.keys(pages).length, 0);
    const times = await inTurns(upload.run, uploadBefore.run, 7);
    tell(`upload: ${(times.now / pages).toFixed(2)} ms a page, ${(times.before / pages).toFixed(2)} before`);
    const { words, evidence } = await besideRecord();
    tell(`of that, packing words ${words.toFixed(2)} ms a page, evidence ${evidence.toFixed(2)}`);
  } finally {
    await upload.close();
    await uploadBefore.close();
  }
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Does something once. @returns milliseconds of the processor's time */
type Run = () => Promise<number>;

async function cpuMs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** Reads all golden documents. */
async function readingPages(root: string): Promise<Run> {
  const { createQuire } = await built<typeof Quire>('index.js', root);
  const quire = await createQuire({
    openai: instant(({ text }) => fieldsOf(text)),
    model: 'test-model',
    plan: { path: 'batch', batchSize: 3, maxWorkers: 5 },
    logger: SILENT,
  });
  return () =>
    cpuMs(async () => {
      for (const { pages } of GOLDEN.documents) await quire.processPages(pages);
    });
}

const goldenFields = new Map(
  GOLDEN.documents.flatMap(({ pages, fields }) =>
    Object.entries(pages).map(([number, text]) => [text, fields[number] ?? {}] as const),
  ),
);

function fieldsOf(text: string) {
  const fields = goldenFields.get(text) ?? {};
  return Object.entries(fields).map(([name, field]) => ({ name, ...field }));
}

/** A client whose model answers at once. */
function instant(read: (page: { number: number; text: string }) => object[]): ChatClient {
  return {
    chat: {
      completions: {
        create: ({ messages }) => {
          const pages = [
            ...(messages[1]?.content ?? '').matchAll(/<page number="(\d+)">\n(.*?)\n<\/page>/gs),
          ];
          const answer = pages.map(([, number, text = ''], index) => [
            `page_${index + 1}`,
            { page_number: Number(number), fields: read({ number: Number(number), text }) },
          ]);
          const content = JSON.stringify(Object.fromEntries(answer));
          return Promise.resolve({
            choices: [{ finish_reason: 'stop', message: { content } }],
            usage: { prompt_tokens: 1, completion_tokens: 1 },
          });
        },
      },
    },
  };
}

/** Uploads some documents and waits until they are read. */
async function uploading(root: string): Promise<{ run: Run; close: () => Promise<void> }> {
  const { createQuire } = await built<typeof Quire>('index.js', root);
  const folder = await mkdtemp(join(tmpdir(), 'quire-bench-'));
  const quire = await createQuire({
    openai: instant(readSheet),
    model: 'test-model',
    plan: { path: 'batch', batchSize: 3, maxWorkers: 5 },
    logger: SILENT,
    settings: { QUIRE_DATA_DIR: folder },
  });
  const server = createServer(express().use(quire.router({ allowAnonymous: true })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let copies = 0;
  const run = async () => {
    copies++;
    const documents = PRINTABLE.slice(0, UPLOADS);
    const pdfs = await Promise.all(documents.map((document) => goldenPdf(document, `${copies}`)));
    return cpuMs(async () => {
      for (const pdf of pdfs) {
        const body = new FormData();
        body.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
        const response = await fetch(`${base}/process`, { method: 'POST', body });
        const { job_id: id } = (await response.json()) as { job_id: string };
        for (let isComplete = false; !isComplete;) {
          await sleep(100);
          const status = (await (await fetch(`${base}/status/${id}`)).json()) as { is_complete: boolean };
          isComplete = status.is_complete;
        }
      }
    });
  };
  return {
    run,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await quire.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** What packing words and finding evidence take for a page, by themselves. */
async function besideRecord(): Promise<{ words: number; evidence: number }> {
  const { PageReader } = await built<typeof Reader>('stages/page-texts.js');
  const { createQuire } = await built<typeof Quire>('index.js');
  const reader = new PageReader();
  const quire = await createQuire({ openai: instant(readSheet), model: 'test-model', logger: SILENT });
  let [pages, words, evidence] = [0, 0, 0];
  for (const document of PRINTABLE.slice(0, UPLOADS)) {
    const read = await reader.read(await goldenPdf(document, 'beside'));
    const record = await quire.processPages(Object.fromEntries(read.texts));
    pages += read.totalPages;
    const from = performance.now();
    for (const ofPage of read.words?.values() ?? []) encodeWords(ofPage);
    const between = performance.now();
    await evidenceOf(record, read);
    words += between - from;
    evidence += performance.now() - between;
  }
  await reader.close();
  await quire.close();
  return { words: words / pages, evidence: evidence / pages };
}

/** The median of each, and of their ratios: runs that follow each other, so that the machine's pace is the same. */
async function inTurns(
  now: Run,
  before: Run,
  rounds: number,
): Promise<Record<'now' | 'before' | 'ratio', number>> {
  // Warm, both of them.
  for (let round = 0; round < WARM_UP; round++) for (const run of [now, before]) await run();
  const [times, timesBefore, ratios]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const [ms, msBefore] = [await now(), await before()];
    times.push(ms);
    timesBefore.push(msBefore);
    ratios.push(ms / msBefore);
  }
  return { now: median(times), before: median(timesBefore), ratio: median(ratios) };
}
