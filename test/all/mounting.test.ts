import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Child } from '../child.js';
import { lines, makePdf } from '../pdf-fixtures.js';

/** README's two examples, run as they stand there, on the package as it would be installed. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let app: string;

beforeAll(() => {
  // Below node_modules, so that the package finds its dependencies as an installed one does.
  const cache = join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  app = mkdtempSync(join(cache, 'app-'));
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', app], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename }] = JSON.parse(packed.toString()) as [{ filename: string }];
  const installed = join(app, 'node_modules', 'quire');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(app, filename), '-C', installed, '--strip-components=1']);
});
afterAll(() => rmSync(app, { recursive: true, force: true }));

/** The code block of README that begins with this comment. */
function example(name: string): string {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const block = readme.split('```').find((part) => part.includes(`// ${name}\n`));
  if (!block) throw new Error(`README has no example ${name}`);
  return block.replace(/^js\n/, '');
}

test.each(['app.mjs', 'app.cjs'])('Quire mounts in an Express app as README says: %s', async (name) => {
  const code = example(name);
  expect(code.trim().split('\n').length).toBeLessThanOrEqual(11);
  writeFileSync(join(app, name), code);
  const child = new Child(
    join(app, name),
    { PORT: '0', QUIRE_DATA_DIR: process.env.QUIRE_DATA_DIR ?? '' },
    app,
  );
  try {
    const base = `${await child.address()}/`;
    const body = new FormData();
    const pdf = await makePdf([{ texts: lines('ACCOUNT NUMBER: 12345678', 'Branch: Main Street') }]);
    body.set('file', new Blob([Uint8Array.from(pdf)]), 'package.pdf');
    const upload = await fetch(new URL('process', base), { method: 'POST', body });
    const { job_id: id } = (await upload.json()) as { job_id: string };
    let status: { status: string; accounts: string[] };
    do {
      await new Promise((resolve) => setTimeout(resolve, 50));
      status = (await (await fetch(new URL(`status/${id}`, base))).json()) as typeof status;
    } while (status.status === 'extracting');
    expect(status).toMatchObject({ status: 'completed', accounts: ['12345678'] });
  } finally {
    await child.stop();
  }
});
