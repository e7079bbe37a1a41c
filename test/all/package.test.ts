import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { Child } from '../child.js';
import { runApp, WHOLE, type AppKind } from './mounted-app.js';
import { attempt, install, installNodes, newFolder, pack, ROOT, run } from './package.js';

/** The packed module, installed in an empty app outside of the repository's tree. */

const LIMIT_MS = 280_000;

const root = newFolder();
const folder = (name: string) => join(root, name);
let packed: string;

beforeAll(async () => {
  packed = await pack(root);
}, LIMIT_MS);
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function installApp(name: string, peers: readonly string[]): Promise<string> {
  await mkdir(folder(name));
  await install(folder(name), [packed, ...peers]);
  return folder(name);
}

/** What a file imports, and what it looks for among the installed packages. */
function importsOf(text: string): string[] {
  const resolved = [...text.matchAll(/\.resolve\('([^']+)'\)/g)].map(([, name = '']) => name);
  return [...ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName), ...resolved];
}

describe('with openai 4 and Express 4', () => {
  let app: string;
  beforeAll(async () => {
    app = await installApp('oldest', ['openai@4.104.0', 'express@4.22.3']);
  }, LIMIT_MS);

  test.each<AppKind>(['ESM', 'CJS'])(
    'an app reads a scan and completes an upload: %s',
    async (kind) => expect(await runApp(app, kind)).toMatchObject(WHOLE),
    LIMIT_MS,
  );

  test('everything that the build imports is a dependency of the package', () => {
    const installed = join(app, 'node_modules', 'quire');
    const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const imported = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:js|d\.ts)$/.test(name))
      .flatMap((name) => importsOf(readFileSync(join(installed, 'dist', name), 'utf8')))
      .filter((name) => !/^(?:\.|node:)/.test(name))
      .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
    expect(imported).toContain('tesseract.js');
    // Found by its name when it is needed.
    expect(Object.keys(dependencies)).toContain('@tesseract.js-data/eng');
    expect([...new Set(imported)].filter((name) => !(name in dependencies))).toEqual([]);
  });

  test('nothing but the build, the docs and what npm shows is shipped', async () => {
    const { out } = await run('tar', ['-tzf', packed], root);
    const shipped = new Set(out.match(/(?<=^package\/)[^/\n]+/gm));
    expect([...shipped].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'package.json',
    ]);
  });

  test('what is public is typed by Node.js alone', () => {
    const dist = join(app, 'node_modules', 'quire', 'dist');
    const seen = new Set(['index.d.ts']);
    const packages = new Set<string>();
    for (const file of seen) {
      for (const from of importsOf(readFileSync(join(dist, file), 'utf8'))) {
        if (from.startsWith('.')) seen.add(join(file, '..', from.replace(/\.js$/, '.d.ts')));
        else packages.add(from);
      }
    }
    expect(seen.size).toBeGreaterThan(10);
    expect([...packages].filter((name) => !name.startsWith('node:'))).toEqual([]);
  });

  test('npx quire tells what it can do, and refuses what it cannot', async () => {
    expect(await attempt('npx', ['quire', '--help'], app)).toEqual({
      code: 0,
      out: expect.stringMatching(/^Usage: quire /),
    });
    expect(await attempt('npx', ['quire', 'no-such'], app)).toEqual({
      code: 2,
      out: expect.stringContaining('There is no command "no-such"'),
    });
  });

  test(
    'the command quire serves the page to try it on, and ends when told',
    async () => {
      const server = new Child(join(app, 'node_modules', '.bin', 'quire'), { PORT: '0' }, app);
      try {
        const address = await server.address();
        const pages = await Promise.all([fetch(address), fetch(new URL('assets/app.js', address))]);
        expect(pages.map(({ status }) => status)).toEqual([200, 200]);
      } finally {
        expect(await server.stop()).toBe(0);
      }
    },
    LIMIT_MS,
  );

  test(
    'npx quire parity and tune read a document',
    async () => {
      const sample = join(ROOT, 'test/samples/bank-statement-multipage.pdf');
      const parity = await attempt('npx', ['quire', 'parity', sample], app);
      expect(parity).toEqual({ code: 0, out: expect.stringContaining('The report is ') });
      const tune = await attempt(
        'npx',
        ['--no', 'quire', 'tune', '--sizes', '2', '--workers', '2', sample],
        app,
      );
      expect(tune).toEqual({ code: 0, out: expect.stringContaining('"batchSize"') });
    },
    LIMIT_MS,
  );
});

test(
  'with the newest openai and Express, on the Node.js they need, an app reads a scan and completes an upload',
  async () => {
    const app = await installApp('newest', ['openai@7.57.0', 'express@5.3.0']);
    await mkdir(folder('node'));
    const [node] = await installNodes(folder('node'), ['22.23.3']);
    expect(await runApp(app, 'ESM', node)).toMatchObject(WHOLE);
    expect(await runApp(app, 'CJS', node)).toMatchObject(WHOLE);
  },
  LIMIT_MS,
);
