import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { readHostSettings, readSettings } from '../src/settings.js';
import { PACKED_PAGES, pageNamed, PAGES, ROOT, type Page } from './markdown.js';

/** What the documentation names is there. `all/readme.test.ts` tries what it tells to do. */

let packed: ReadonlySet<string>;
beforeAll(() => {
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files }] = JSON.parse(listed.toString()) as [{ files: { path: string }[] }];
  packed = new Set(files.map(({ path }) => path));
});

/** Folders that the module writes. */
const WRITTEN = ['.quire/', 'process/', 'parity-report/', 'tune-report/'];
const LOCAL = /^http:\/\/127\.0\.0\.1:\d+\/$/;

describe.each(PAGES)('$file', (page) => {
  test('leads to files and headings that are there', () => {
    const missing = page.links.filter((link) => !LOCAL.test(link) && !leadsSomewhere(page, link));
    expect(missing).toEqual([]);
  });

  test('names files that are there', () => {
    const paths = page.spans.filter((span) =>
      /^(?:[\w.-]+\/)+(?:[\w.-]+\.(?:ts|js|json|md|html))?$/.test(span),
    );
    const isThere = (path: string) =>
      WRITTEN.some((folder) => path.startsWith(folder)) ||
      [path, `src/${path}`, join(dirname(page.file), path)].some((candidate) =>
        existsSync(join(ROOT, candidate)),
      );
    expect(paths.filter((path) => !isThere(path))).toEqual([]);
  });

  test('names scripts of npm that are there', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const text = readFileSync(join(ROOT, page.file), 'utf8');
    const named = [...text.matchAll(/\bnpm (?:run ([\w:]+)|(start|test))/g)].map(
      ([, script, short]) => script ?? short ?? '',
    );
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });
});

test.each(PACKED_PAGES)('$file leads to what is packed with it', (page) => {
  const files = page.links.filter((link) => !LOCAL.test(link)).map((link) => fileOf(page, link));
  expect(files.filter((file) => !packed.has(file))).toEqual([]);
});

test('README names no script that needs the repository, but where it says so', () => {
  const [readme] = PACKED_PAGES;
  const commands = (readme?.blocks ?? []).map(({ code }) => code).join('\n');
  expect(commands).not.toMatch(/npm (?:run|start|test|ci|pack)/);
  const spans = readme?.spans.filter((span) => span.includes('npm ') && !span.includes('npm install'));
  expect(spans).toEqual(['npm pack', 'npm ci && npm start', 'npm ci && npm run demo', 'npm ci && npm test']);
});

test('docs/configuration.md has each setting with its default, and no other', () => {
  const [ofModule, ofHost] = pageNamed('docs/configuration.md').tables;
  const source = readFileSync(join(ROOT, 'src/settings.ts'), 'utf8');
  const schema = (name: string) => new RegExp(`^const ${name} = {$(.*?)^};$`, 'ms').exec(source)?.[1] ?? '';
  const names = (schema: string) => [...schema.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name);
  expect(named(ofModule).toSorted()).toEqual(names(schema('MODULE')).toSorted());
  expect(named(ofHost).toSorted()).toEqual(names(schema('HOST')).toSorted());

  const defaults = withEmptyEnvironment(() => ({ ...readSettings(), ...readHostSettings() }));
  // This one is the machine's.
  const rows = [...(ofModule?.rows ?? []), ...(ofHost?.rows ?? [])].filter(
    ([name]) => bare(name) !== 'PDF_MEMORY_MB',
  );
  const told = rows.map(([name, value]) => [
    bare(name),
    // These are told in words.
    bare(name) === 'OPENAI_BASE_URL' || bare(name) === 'UNLEASH_BACKUP_DIR' ? '' : bare(value),
  ]);
  expect(Object.fromEntries(told)).toEqual(
    Object.fromEntries(told.map(([name = '']) => [name, shown(new Map(Object.entries(defaults)).get(name))])),
  );
});

function leadsSomewhere(page: Page, link: string): boolean {
  const file = fileOf(page, link);
  const [, heading] = link.split('#');
  if (!existsSync(join(ROOT, file))) return false;
  return heading === undefined || pageNamed(file).anchors.includes(heading);
}

/** The file that a link of a page leads to, as a path in the repository. */
function fileOf(page: Page, link: string): string {
  const [path = ''] = link.split('#');
  return path === '' ? page.file : normalize(join(dirname(page.file), path));
}

function named(table: Page['tables'][number] | undefined): string[] {
  return (table?.rows ?? []).map(([name]) => bare(name));
}

function bare(cell: string | undefined): string {
  return (cell ?? '').replaceAll('`', '');
}

/** A default as the table shows it. */
function shown(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function withEmptyEnvironment<T>(work: () => T): T {
  const { env } = process;
  process.env = {};
  try {
    return work();
  } finally {
    process.env = env;
  }
}
