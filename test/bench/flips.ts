import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createQuire } from '../../src/index.js';
import { UnleashServer } from '../unleash/unleash.js';
import { atMost, timed } from './figures.js';

const FLAG = 'batch-page-processing';
const FLIPS = 10;

/** From the flip of a flag in a real Unleash until it decides, with the default refresh of a second. */
export async function flips(): Promise<void> {
  const backup = await mkdtemp(join(tmpdir(), 'quire-bench-'));
  const unleash = await UnleashServer.start();
  const quire = await createQuire({
    settings: {
      UNLEASH_URL: unleash.url,
      UNLEASH_API_TOKEN: unleash.clientToken,
      UNLEASH_BACKUP_DIR: backup,
    },
  });
  try {
    await unleash.flip(FLAG, { rollout: 100 });
    const times: number[] = [];
    for (let flip = 0; flip < FLIPS; flip++) {
      const enabled = flip % 2 === 0;
      await unleash.flip(FLAG, { enabled });
      const inForce = async () =>
        (await quire.processPages({ 1: '' }, { userId: 'u' })).plan.path ===
        (enabled ? 'batch' : 'single-page');
      times.push(
        await timed(async () => {
          while (!(await inForce())) await sleep(10);
        }),
      );
    }
    atMost(3, `seconds until the slowest of ${FLIPS} flips was in force`, Math.max(...times) / 1_000);
  } finally {
    await quire.close();
    await unleash.stop();
    await rm(backup, { recursive: true });
  }
}
