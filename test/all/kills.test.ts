import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { open } from '../../src/store/embedded-postgres.js';
import { killRounds, type KillFigures } from '../kills.js';
import { newDatabase, newDataFolder, runSql } from '../shared.js';

/** The host is killed at random points of random documents, and started again. */

/** Kills are two a round. The soak makes 200 of them. */
const ROUNDS = Number(process.env.SOAK_ROUNDS ?? 10);
const SEED = Number(process.env.SOAK_SEED ?? 0);
const KEYS = 'SELECT key FROM quire.answers';
const LIMIT_MS = ROUNDS * 20_000 + 60_000;

function expectNothingLost(figures: KillFigures, seed: number): void {
  console.log(JSON.stringify({ seed, ...figures }));
  expect(figures).toMatchObject({ lost: 0, different: 0, askedAgain: 0 });
}

test(
  'on PostgreSQL no upload is lost, every record is golden and no kept answer is asked for again',
  async () => {
    const DATABASE_URL = await newDatabase();
    const keptKeys = async () =>
      new Set((await runSql<{ key: string }>(DATABASE_URL, KEYS)).map(({ key }) => key));
    const figures = await killRounds({
      rounds: ROUNDS,
      seed: SEED + 1,
      variables: { DATABASE_URL },
      keptKeys,
    });
    expectNothingLost(figures, SEED + 1);
    expect(figures.accepted).toBeGreaterThan(0);
  },
  LIMIT_MS,
);

test(
  'on the embedded database as well',
  async () => {
    // A restart waits for the lock of a killed process to grow stale: that is done side by side.
    const lanes = [2, 3, 4, 5, 6].map(async (lane) => {
      const seed = SEED + lane;
      const QUIRE_DATA_DIR = await newDataFolder();
      const keptKeys = async () => {
        const database = await open(join(QUIRE_DATA_DIR, 'postgres'));
        try {
          return new Set((await database.query<{ key: string }>(KEYS)).rows.map(({ key }) => key));
        } finally {
          await database.close();
        }
      };
      const rounds = Math.ceil(ROUNDS / 5);
      return { seed, figures: await killRounds({ rounds, seed, variables: { QUIRE_DATA_DIR }, keptKeys }) };
    });
    const ended = await Promise.all(lanes);
    for (const { seed, figures } of ended) expectNothingLost(figures, seed);
    expect(ended.some(({ figures }) => figures.accepted > 0)).toBe(true);
  },
  LIMIT_MS,
);
