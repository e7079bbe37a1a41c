import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type * as PageTexts from '../../src/stages/page-texts.js';
import { built, HERE } from './built.js';
import { atMost } from './figures.js';
import { allScans, type Scan } from './ocr/scans.js';
import { scoreOf, sumOf, type Score } from './ocr/score.js';

const SEED = 1_000;
const PEAK_PAGES = 3;

interface Checkout {
  name: string;
  root: string;
  reader: PageTexts.PageReader;
}

interface Read {
  scan: Scan;
  checkout: string;
  score: Score;
  cpuMs: number;
}

/**
 * How well worn scans of made pages are read, and at what cost: of this checkout, and of another one that is
 * named by QUIRE_BASELINE (with its `dist/` built), in turns within one process. OCR_BENCH_SCANS is a pattern
 * for the names of scans, when only some are of interest.
 */
export async function ocr(): Promise<void> {
  const checkouts = [await checkoutAt('now', HERE)];
  const baseline = process.env.QUIRE_BASELINE;
  if (baseline) checkouts.push(await checkoutAt('before', pathToFileURL(`${baseline}/`).href));
  const wanted = new RegExp(process.env.OCR_BENCH_SCANS ?? '');
  const reads: Read[] = [];
  const scans: Scan[] = [];
  for await (const scan of allScans(SEED)) {
    if (!wanted.test(scan.name)) continue;
    // Warm, all of them.
    if (scans.length === 0) for (const { reader } of checkouts) await reader.read(scan.pdf);
    scans.push(scan);
    // The first to read a page differs: it finds the machine as the other left it.
    const order = scans.length % 2 === 0 ? checkouts : checkouts.toReversed();
    for (const checkout of order) reads.push(await readBy(checkout, scan));
    tell(`${scan.name.padEnd(26)} ${reads.slice(-order.length).map(shown).sort().join('; ')}`);
  }
  for (const { reader } of checkouts) await reader.close();
  for (const isTurned of [false, true]) {
    for (const { name } of checkouts) {
      const those = reads.filter(({ scan, checkout }) => scan.isTurned === isTurned && checkout === name);
      if (those.length > 0) tell(summary(`${isTurned ? 'turned' : 'upright'}, ${name}`, those));
    }
  }
  for (const { name, root } of checkouts) tell(`${name}: ${await peakMb(root, scans)} MB at most`);
  const upright = reads.filter(({ scan }) => !scan.isTurned);
  const [now = NaN, before = NaN] = ['now', 'before'].map((name) =>
    meanCpuMs(upright.filter(({ checkout }) => checkout === name)),
  );
  if (baseline) atMost(1.15, 'processor time for an upright page, to the version before', now / before);
}

async function checkoutAt(name: string, root: string): Promise<Checkout> {
  const { PageReader } = await built<typeof PageTexts>('stages/page-texts.js', root);
  return { name, root, reader: new PageReader() };
}

async function readBy({ name, reader }: Checkout, scan: Scan): Promise<Read> {
  const before = process.cpuUsage();
  const { texts } = await reader.read(scan.pdf);
  const cpuMs = process.cpuUsage(before).user / 1_000;
  return { scan, checkout: name, score: scoreOf(scan, texts.get(1) ?? ''), cpuMs };
}

function shown({ checkout, score, cpuMs }: Read): string {
  return `${checkout} ${score.found} of ${score.values}, ${(cpuMs / 1_000).toFixed(2)} s`;
}

function summary(title: string, reads: readonly Read[]): string {
  const { found, values, missed, words, edits, characters } = sumOf(reads.map(({ score }) => score));
  const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
  return [
    `${title}: ${reads.length} pages, values exact ${percent(found, values)}`,
    `words missed ${percent(missed, words)}`,
    `characters wrong ${percent(edits, characters)}`,
    `${(meanCpuMs(reads) / 1_000).toFixed(2)} s of the processor a page`,
  ].join(', ');
}

function meanCpuMs(reads: readonly Read[]): number {
  return reads.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / reads.length;
}

async function peakMb(root: string, scans: readonly Scan[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'quire-ocr-'));
  try {
    const files = scans
      .slice(0, PEAK_PAGES)
      .map(({ name, pdf }) => ({ path: join(folder, `${name}.pdf`), pdf }));
    for (const { path, pdf } of files) await writeFile(path, pdf);
    const script = fileURLToPath(new URL('ocr/peak.ts', import.meta.url));
    const args = ['--import', 'tsx', script, root, ...files.map(({ path }) => path)];
    return (await promisify(execFile)(process.execPath, args)).stdout.trim();
  } finally {
    await rm(folder, { recursive: true });
  }
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
