import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Host } from '../host.js';
import { largeRecordPdf, uploadTimes } from '../large-records.js';
import { atMost } from './figures.js';

const UPLOADS = 120;
const HEAP_MB = 512;
const PROBE_EVERY_MS = 20;
const MOST_ADDED_AGAIN_MB = 20;

/** What the list and the costs of many large records take, twice, and what others notice of it. */
export async function list(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'quire-list-'));
  const host = new Host({
    QUIRE_DATA_DIR: folder,
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
    // Many at once take their time on a busy machine.
    PDF_TIME_LIMIT_MS: '600000',
    LOG_LEVEL: 'error',
  });
  try {
    await host.start();
    const pdf = largeRecordPdf();
    const [first] = await uploadTimes(host, pdf, 1);
    const record = (await (await host.fetch(`/api/document/${first}`)).arrayBuffer()).byteLength;
    await uploadTimes(host, pdf, UPLOADS - 1);
    const rows: string[] = [];
    let added = 0;
    for (const round of [1, 2]) {
      const before = host.rss;
      for (const path of ['/api/documents', '/api/costs'])
        rows.push(`| ${round} | ${await asked(host, path)} |`);
      added = host.rss - before;
      rows.push(`| ${round} | both | | | | | | ${added.toFixed(0)} |`);
    }
    await host.stop();
    const table = [
      `${UPLOADS} uploads of a document with a record of ${megabytes(record)} MB, at a heap of ${HEAP_MB} MB.`,
      '',
      '| round | path | documents | kB | ms | others, ms at most | others over 100 ms | MB added |',
      '| --- | --- | --- | --- | --- | --- | --- | --- |',
      ...rows,
    ];
    process.stdout.write(`${table.join('\n')}\n`);
    atMost(MOST_ADDED_AGAIN_MB, 'MB that the second round adds', added);
  } finally {
    if (host.isRunning) await host.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Goes through all pages of a list while others ask for something else. */
async function asked(host: Host, path: string): Promise<string> {
  const done = new AbortController();
  const probing = probe(host, done.signal);
  const startedAt = performance.now();
  let documents = 0;
  let bytes = 0;
  let next: string | null = '';
  while (next !== null) {
    const text: string = await (await host.fetch(next ? `${path}?after=${next}` : path)).text();
    const page = JSON.parse(text) as { documents: unknown[]; next: string | null };
    bytes += text.length;
    documents += page.documents.length;
    next = page.next;
  }
  const ms = performance.now() - startedAt;
  done.abort();
  const others = await probing;
  const slow = others.filter((taken) => taken > 100).length;
  const figures = [
    documents,
    (bytes / 1_000).toFixed(0),
    ms.toFixed(0),
    Math.max(...others).toFixed(0),
    slow,
  ];
  return [path, ...figures, ''].join(' | ');
}

/** @returns milliseconds that each answer took */
async function probe(host: Host, done: AbortSignal): Promise<number[]> {
  const taken: number[] = [];
  do {
    const startedAt = performance.now();
    await (await host.fetch('/about')).arrayBuffer();
    taken.push(performance.now() - startedAt);
    await sleep(PROBE_EVERY_MS);
  } while (!done.aborted);
  return taken;
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}
