import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/**
 * `npm run soak -- --minutes N`: kills, load and damage with other seeds, again and again; then replicas in every
 * kind of trouble, once. With names, those alone: `npm run soak -- replicas`.
 */
const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '10' } },
  allowPositionals: true,
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error('--minutes must be a number above 0');
const ONCE = ['replicas'];
const AGAIN = ['kills', 'load'];
const unknown = positionals.filter((name) => ![...ONCE, ...AGAIN].includes(name));
if (unknown.length > 0)
  throw new Error(`There is no ${unknown.join()}; there are ${[...ONCE, ...AGAIN].join()}`);

const FILES = { replicas: 'replicas-soak', kills: 'kills', load: 'load' };
const chosen = (names) => names.filter((name) => positionals.length === 0 || positionals.includes(name));

/** @returns whether all tests of the names passed, or there were none */
function passed(names, round) {
  if (names.length === 0) return true;
  const tests = names.map((name) => `<rootDir>/test/all/${FILES[name]}.test.ts`);
  const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
  const { status } = spawnSync(
    process.execPath,
    [...jest, '--testTimeout', '1200000', '--testMatch', ...tests],
    {
      stdio: 'inherit',
      env: { ...process.env, SOAK_ROUNDS: '100', SOAK_SEED: String(100 * round) },
    },
  );
  return status === 0;
}

let failed = 0;
const again = chosen(AGAIN);
const endsAt = Date.now() + minutes * 60_000;
for (let round = 0; again.length > 0 && (round === 0 || Date.now() < endsAt); round++) {
  console.log(`soak: round ${round + 1} begins`);
  if (!passed(again, round)) failed++;
  console.log(`soak: round ${round + 1} ended, ${failed} failed`);
}
if (!passed(chosen(ONCE), 0)) failed++;
process.exitCode = failed === 0 ? 0 : 1;
