import { createQuire } from '../../src/index.js';
import { timeRun } from '../../src/evaluation/trials.js';
import { measuredMs, replayedMs } from '../../src/evaluation/tune/replay.js';
import { Provider } from '../provider.js';
import { atMost } from './figures.js';

const MOST_WORKERS = 6;

/** The times that `npm run tune` works out for fewer workers, against those of runs with so many. */
export async function replay(): Promise<void> {
  const provider = await Provider.start({
    read: () => [],
    delay: ({ pages: [first] }) => 80 + 40 * ((first?.number ?? 0) % 4),
  });
  const quire = await createQuire({ openai: provider.client(), model: 'test-model' });
  try {
    const texts = new Map(
      Array.from({ length: 24 }, (_, index) => [index + 1, `ACCOUNT NUMBER: 12345678 sheet ${index}`]),
    );
    const run = async (workers: number) => {
      const document = { file: 'replayed', texts, unreadablePages: [] };
      return (await timeRun(quire, document, { path: 'batch', batchSize: 2, maxWorkers: workers })).calls;
    };
    await run(MOST_WORKERS);
    const most = await run(MOST_WORKERS);
    for (const workers of [1, 2, 3]) {
      const off = Math.abs(replayedMs(most, workers) / measuredMs(await run(workers)) - 1);
      atMost(0.2, `error of the replayed time with ${workers} workers`, off);
    }
  } finally {
    await quire.close();
    await provider.close();
  }
}
