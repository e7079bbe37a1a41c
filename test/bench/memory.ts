import { damagedFiles } from '../damaged.js';
import { goldenPdf, PRINTABLE, readSheet } from '../golden-pdf.js';
import { Host } from '../host.js';
import { lines, makePdf, memoryBomb, rawPdf, scanOf, textBomb, type RawPage } from '../pdf-fixtures.js';
import { Postgres } from '../postgres.js';
import { Provider } from '../provider.js';
import { atMost } from './figures.js';

const FILES = 300;
const AT_ONCE = 20;
const HEAP_MB = 256;
const PDF_MB = 512;

/**
 * Resident memory while damaged, bombed and ordinary files are read, 20 at once, against memory when idle and
 * both budgets; and whether a document is lost.
 */
export async function memory(): Promise<void> {
  const postgres = await Postgres.start();
  const provider = await Provider.start({
    read: (page) => (page.text.includes('Sheet ') ? readSheet(page) : []),
  });
  const host = new Host({
    DATABASE_URL: postgres.url,
    OPENAI_API_KEY: 'bench',
    OPENAI_MODEL: 'test-model',
    OPENAI_BASE_URL: provider.baseURL,
    LOG_LEVEL: 'silent',
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
    PDF_MEMORY_MB: String(PDF_MB),
    PDF_TIME_LIMIT_MS: '6000',
    OCR_DOCUMENT_TIME_LIMIT_MS: '20000',
    DOCUMENTS_AT_ONCE: String(AT_ONCE),
    QUIRE_PLAN: 'batch 3x5',
  });
  try {
    await host.start();
    const next = await files();
    const warm = await host.upload(
      rawPdf([{ content: 'BT /F1 12 Tf 50 700 Td (A sound page with text enough) Tj ET' }]),
    );
    await host.finished(warm.id);
    const idle = host.rss;
    let most = idle;
    const watch = setInterval(() => (most = Math.max(most, host.isRunning ? host.rss : 0)), 20);
    let sent = 0;
    let unfinished = FILES;
    let ordinaryNotRead = 0;
    const lane = async () => {
      while (sent < FILES) {
        const { pdf, isOrdinary } = next(sent++);
        const { code, id } = await host.upload(pdf);
        if (code !== 200) continue;
        const { status } = await host.finished(id, 300);
        unfinished--;
        if (isOrdinary && status !== 'completed') ordinaryNotRead++;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    clearInterval(watch);
    process.stdout.write(`${idle.toFixed(0)} MB when idle, ${most.toFixed(0)} MB at most\n`);
    atMost(0, `documents lost of ${FILES}`, unfinished);
    atMost(0, 'ordinary documents not read', ordinaryNotRead);
    atMost(HEAP_MB + PDF_MB, 'MB above idle', most - idle);
  } finally {
    await host.stop();
    await provider.close();
    await postgres.close();
  }
}

/** Every third file is damaged, every third a bomb, every third ordinary, and every thirtieth a scan. */
async function files(): Promise<(index: number) => { pdf: Buffer; isOrdinary: boolean }> {
  const damaged = await damagedFiles();
  const strewn = 'BT /F1 .1 Tf 10 11000 Td\n' + '.05 -.05 Td(x)Tj\n'.repeat(199_000) + 'ET';
  const scan = await scanOf(lines('Account Number: 3525801543', 'Account Title: Jane Doe'));
  const long = 'BT /F1 1 Tf 1 TL 20 780 Td ' + `(${'word '.repeat(300)}) Tj T* `.repeat(132) + ' ET';
  const bombs = [
    memoryBomb(),
    rawPdf(Array.from({ length: 2 }, (): RawPage => ({ content: strewn, mediaBox: [0, 0, 12_000, 12_000] }))),
    rawPdf(Array.from({ length: 22 }, () => ({ content: long }))),
    textBomb(1_500_000),
    await makePdf(Array.from({ length: 20 }, () => ({ scan }))),
  ];
  const ordinary = await Promise.all(
    PRINTABLE.slice(0, 10).map((document) => goldenPdf(document, 'ordinary')),
  );
  const scanned = await makePdf([{ scan }, { scan }]);
  return (index) => {
    const turn = Math.floor(index / 3);
    if (index % 3 === 0) return { pdf: damaged(), isOrdinary: false };
    const bomb = bombs[turn % bombs.length];
    if (index % 3 === 1 && bomb) return { pdf: bomb, isOrdinary: false };
    return {
      pdf: (turn % 10 === 0 ? undefined : ordinary[turn % ordinary.length]) ?? scanned,
      isOrdinary: true,
    };
  };
}
