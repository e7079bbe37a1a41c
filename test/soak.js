import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/** `npm run soak -- --minutes N`: kills, load and damage with other seeds, again and again. */
const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error('--minutes must be a number above 0');
const endsAt = Date.now() + minutes * 60_000;
const TESTS = ['kills', 'load'].map((name) => `<rootDir>/test/all/${name}.test.ts`);
let failed = 0;
for (let round = 0; round === 0 || Date.now() < endsAt; round++) {
  console.log(`soak: round ${round + 1} begins`);
  const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
  const { status } = spawnSync(process.execPath, [...jest, '--testMatch', ...TESTS], {
    stdio: 'inherit',
    env: { ...process.env, SOAK_ROUNDS: '100', SOAK_SEED: String(100 * round) },
  });
  if (status !== 0) failed++;
  console.log(`soak: round ${round + 1} ended, ${failed} failed`);
}
process.exitCode = failed === 0 ? 0 : 1;
