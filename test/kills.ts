import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessingPlan } from '../src/index.js';
import type { GoldenDocument } from './golden.js';
import { goldenPdf, isGolden, PRINTABLE, readSheet } from './golden-pdf.js';
import { Host } from './host.js';
import { keysOf } from './kept-keys.js';
import { Provider } from './provider.js';
import { pick, seeded } from './random.js';

export interface KillFigures {
  rounds: number;
  /** Uploads the host said it had accepted. */
  accepted: number;
  lost: number;
  /** Records that are not the golden ones, or were read under another plan than the upload was told. */
  different: number;
  /** Pages asked about after their answer had been kept. */
  askedAgain: number;
  /** Pages asked about in more than one call: calls in flight at a kill, made again. */
  repeatedPages: number;
  pages: number;
}

const PLANS = ['single-page', 'batch 2x3', 'batch 3x5'] as const;

/**
 * Kills the host at random moments of random documents. After each kill the answers that were kept are
 * read from the database, and none of them may be asked for again.
 *
 * @param keptKeys reads the keys of kept answers from the database, while no host runs
 */
export async function killRounds(options: {
  rounds: number;
  seed: number;
  variables: Record<string, string>;
  keptKeys: () => Promise<Set<string>>;
}): Promise<KillFigures> {
  const random = seeded(options.seed);
  const provider = await Provider.start({ read: readSheet, delay: () => 5 + 60 * random() });
  const host = new Host({
    ...options.variables,
    OPENAI_API_KEY: 'test',
    OPENAI_MODEL: 'test-model',
    OPENAI_BASE_URL: provider.baseURL,
    LOG_LEVEL: 'warn',
  });
  const accepted: { id: string; plan: string | null; document: GoldenDocument }[] = [];
  let askedAgain = 0;
  const [first, ...rest] = PRINTABLE;
  if (!first) throw new Error('No golden document can be printed');
  try {
    for (let round = 0; round < options.rounds; round++) {
      const packages = await Promise.all(
        Array.from({ length: 1 + Math.floor(2 * random()) }, async (_, index) => {
          const document = pick(random, [first, ...rest]);
          return { document, pdf: await goldenPdf(document, `${options.seed}-${round}-${index}`) };
        }),
      );
      await host.start({ QUIRE_PLAN: pick(random, PLANS) });
      const before = provider.calls.length;
      const uploading = packages.map(async ({ document, pdf }) => {
        // An upload that breaks off was not accepted: its client knows, and sends it again.
        const uploaded = await host.upload(pdf).catch(() => undefined);
        if (uploaded?.id) accepted.push({ id: uploaded.id, plan: uploaded.plan, document });
      });
      // Mostly while documents are read, now and then while they still arrive.
      if (random() < 0.7) {
        await Promise.all(uploading);
        // So many calls after the upload, or when there are no more.
        const calls = before + Math.floor(6 * random());
        await Promise.race([provider.called(calls), sleep(2_000)]);
      }
      await sleep(400 * random());
      await host.kill();
      await Promise.all(uploading);
      const kept = await options.keptKeys();
      const calls = provider.calls.length;
      // What the next start asks for is held against what was kept before it.
      const check = () => {
        for (const call of provider.calls.slice(calls)) {
          const ids = accepted.map(({ id }) => id);
          askedAgain += keysOf(call, ids).filter((keys) => keys.some((key) => kept.has(key))).length;
        }
      };
      await host.start({ QUIRE_PLAN: pick(random, PLANS) });
      await sleep(400 * random());
      await host.kill();
      check();
    }
    await host.start();
    let lost = 0;
    let different = 0;
    for (const { id, plan, document } of accepted) {
      const status = await host.finished(id).catch(() => undefined);
      const record = status?.result?.documents[0];
      if (status?.status !== 'completed') {
        lost++;
        console.log(status?.status, status?.detailed_message);
      } else if (!isGolden(record, document) || nameOf(record?.plan) !== plan) different++;
    }
    await host.stop();
    if (lost > 0)
      console.log(
        host.log
          .split('\n')
          .filter((line) => line.includes('failed'))
          .slice(0, 6)
          .join('\n'),
      );
    const asked = new Map<string, number>();
    for (const { text } of provider.calls.flatMap(({ pages }) => pages)) {
      asked.set(text, (asked.get(text) ?? 0) + 1);
    }
    const repeatedPages = [...asked.values()].filter((times) => times > 1).length;
    const pages = asked.size;
    return {
      rounds: 2 * options.rounds,
      accepted: accepted.length,
      lost,
      different,
      askedAgain,
      repeatedPages,
      pages,
    };
  } finally {
    if (host.isRunning) await host.kill();
    await provider.close();
  }
}

function nameOf(plan: ProcessingPlan | undefined): string | undefined {
  return plan?.path === 'batch' ? `batch ${plan.batchSize}x${plan.maxWorkers}` : plan?.path;
}
