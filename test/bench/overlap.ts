import type * as Quire from '../../src/index.js';
import type * as Reader from '../../src/stages/page-texts.js';
import { lines, makePdf, scanOf } from '../pdf-fixtures.js';
import { Provider } from '../provider.js';
import { built } from './built.js';
import { atMost, timed } from './figures.js';

const PAGES = 10;
const CALL_MS = 3_000;
const PLAN = { path: 'batch', batchSize: 2, maxWorkers: 3 } as const;

/** A scan of ten pages: reading and asking at once, against each alone. */
export async function overlap(): Promise<void> {
  const { createQuire } = await built<typeof Quire>('index.js');
  const { PageReader } = await built<typeof Reader>('stages/page-texts.js');
  const provider = await Provider.start({ read: () => [], delay: () => CALL_MS });
  const quire = await createQuire({ openai: provider.client(), model: 'test-model', plan: PLAN });
  const reader = new PageReader();
  try {
    const sheets = Array.from({ length: PAGES }, async (_, index) => ({
      scan: await scanOf(
        lines(index === 0 ? 'ACCOUNT NUMBER: 12345678' : `Sheet ${index + 1}`, ...statement(index)),
      ),
    }));
    const scan = await makePdf(await Promise.all(sheets));
    let texts = new Map<number, string>();
    const read = async () => {
      ({ texts } = await reader.read(scan));
    };
    // The first one starts the threads.
    await read();
    const reading = await timed(read);
    const asking = await timed(() => quire.processPages(Object.fromEntries(texts)));
    const alone = provider.calls.length;
    const both = await timed(() => quire.processPdf(scan));
    const calls = provider.calls.length - alone;
    process.stdout.write(
      `reading ${seconds(reading)}, asking ${seconds(asking)} in ${alone} calls, both ${seconds(both)} in ${calls}\n`,
    );
    atMost(1.15, 'time less one call, by the longer of both', (both - CALL_MS) / Math.max(reading, asking));
    atMost(alone, 'calls', calls);
  } finally {
    await quire.close();
    await reader.close();
    await provider.close();
  }
}

function statement(sheet: number): string[] {
  return Array.from(
    { length: 28 },
    (_, row) => `Payment ${sheet}-${row} of the branch in March   ${row * 37}.50`,
  );
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
