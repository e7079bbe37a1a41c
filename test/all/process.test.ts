import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Child } from '../child.js';
import { lines, makePdf, scanOf } from '../pdf-fixtures.js';
import { Provider, type Behaviour } from '../provider.js';
import { newDatabase, runSql } from '../shared.js';
import { until } from '../until.js';

/** `quire process`, as a shell runs it, against a provider on real HTTP. */

const QUIRE = fileURLToPath(new URL('../../dist/cli/quire.js', import.meta.url));
const SERVER = fileURLToPath(new URL('../../dist/server.js', import.meta.url));
/** A terminal of 20 rows, as far as a program sees one. */
const TERMINAL =
  '--import=data:text/javascript,Object.assign(process.stderr,{isTTY:true,rows:20,columns:100})';

let folder: string;
let provider: Provider;
/** Made in no time; the embedded one takes seconds. */
let database: string;

beforeEach(async () => {
  database = await newDatabase();
  folder = mkdtempSync(join(tmpdir(), 'process-'));
  provider = await Provider.start({ read: readOwner });
});
afterEach(async () => {
  await provider.close();
  rmSync(folder, { recursive: true, force: true });
});

const readOwner: Behaviour['read'] = ({ text }) => [
  { name: 'Owner', value: /Owner (\w+)/.exec(text)?.[1] ?? '', confidence: 90 },
];

/** A document of one account with an owner on each page. */
async function put(name: string, ...owners: string[]): Promise<void> {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  const pages = owners.map((owner) => ({ texts: lines('Account Number: 12345678', `Owner ${owner}`) }));
  writeFileSync(join(folder, name), await makePdf(pages));
}

/** Holds back the answer about one owner until it is told. */
function hold(owner: string): { came: Promise<void>; answer: () => void } {
  let came: () => void = () => undefined;
  let answer: () => void = () => undefined;
  const isAsked = new Promise<void>((resolve) => (came = resolve));
  const held = new Promise<void>((resolve) => (answer = resolve));
  provider.behaviour.delay = ({ pages }) => {
    if (!pages.some(({ text }) => text.includes(owner))) return 0;
    came();
    return held;
  };
  return { came: isAsked, answer };
}

class Run {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  out = '';
  err = '';

  constructor(args: string[], { input = '', variables = {} }: { input?: string; variables?: object } = {}) {
    this.#child = spawn(process.execPath, [QUIRE, 'process', ...args], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        QUIRE_DATABASE_URL: database,
        OPENAI_API_KEY: 'k',
        OPENAI_MODEL: 'test-model',
        OPENAI_BASE_URL: provider.baseURL,
        ...variables,
      },
    });
    this.#closed = once(this.#child, 'close');
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.out += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.err += chunk.toString()));
    this.#child.stdin?.end(input);
  }

  stopListening(): void {
    this.#child.stdout?.destroy();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async ended(): Promise<{ code: number | null; out: string; err: string }> {
    await this.#closed;
    return { code: this.#child.exitCode, out: this.out, err: this.err };
  }
}

function quire(args: string[], how = {}): Promise<{ code: number | null; out: string; err: string }> {
  return new Run(args, how).ended();
}

/** The owners that the model was asked for, in order, one entry a page. */
function asked(): string[] {
  return provider.calls.flatMap(({ pages }) => pages.map(({ text }) => /Owner (\w+)/.exec(text)?.[1] ?? ''));
}

interface Line {
  file: string;
  state: string;
  error?: string;
  record?: { accounts: { result: { Owner: { value: string } } }[]; plan: { path: string } };
}

function linesOf(out: string): Line[] {
  return out.split('\n').flatMap((line) => (line === '' ? [] : (JSON.parse(line) as Line)));
}

describe('what it says', () => {
  test('records and a table, and 0, where all is whole', async () => {
    await put('one.pdf', 'Ada');
    await put('two.pdf', 'Ben', 'Cleo');
    const { code, out, err } = await quire(['two.pdf', 'one.pdf']);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('Account 12345678, pages 1, 2') });
    expect(out).toMatch(/^ {4}Owner {2}Ada$/m);
    const rows = out.split('\n').filter((line) => line.endsWith(' whole'));
    expect(rows.map((row) => row.trim().split(/\s+/).slice(0, 6))).toEqual([
      ['two.pdf', '2', '1', '1', '0', '2'],
      ['one.pdf', '1', '1', '1', '0', '1'],
    ]);
    expect(err.split('\n').toSorted()).toEqual([
      '',
      'one.pdf: whole, 1 page, 1 account, 1 field',
      'two.pdf: whole, 2 pages, 1 account, 1 field',
    ]);
  });

  test('1 where a page failed, and where a file is no PDF; the others are read', async () => {
    await put('good.pdf', 'Ada');
    await put('lacking.pdf', 'Ben', 'Cleo');
    writeFileSync(join(folder, 'none.pdf'), 'words');
    provider.behaviour.fault = ({ pages }) =>
      pages.some(({ text }) => text.includes('Cleo')) ? { status: 400 } : undefined;
    const { code, out } = await quire(['.']);
    expect(code).toBe(1);
    expect(out).toMatch(/^good\.pdf .* whole$/m);
    expect(out).toMatch(/^lacking\.pdf +2 +1 +1 +1 .* pages failed$/m);
    expect(out).toMatch(/^none\.pdf +[\d.]+ +failed$/m);
    expect(out).toContain('none.pdf: The file is not a PDF.');
  });

  test.each([
    ['no files', [], 'No files were named.'],
    ['an option that there is not', ['--wrong', 'a.pdf'], "Unknown option '--wrong'. Try"],
    ['one that is misspelt', ['--jsn', 'a.pdf'], "Unknown option '--jsn'. Did you mean --json? Try"],
    ['a name of two lines', ['no\nb.pdf: whole'], 'no b.pdf: whole cannot be read: There is no such file.'],
    ['a device', ['/dev/null'], '/dev/null cannot be read: It is a pipe or a device'],
    ['a plan that is none', ['--plan', 'fast', 'a.pdf'], '--plan must be'],
    ['paths that are not there, each', ['a.pdf', 'no.pdf', 'b/'], 'no.pdf cannot be read: There is no such'],
    ['a folder without PDFs', ['empty'], 'empty cannot be read: There is no PDF in this folder.'],
    ['a place where nothing can be written', ['a.pdf', '--out', 'a.pdf'], 'Nothing can be written to a.pdf'],
  ])('2 for %s, and nothing is asked', async (_, args, says) => {
    await put('a.pdf', 'Ada');
    mkdirSync(join(folder, 'empty'));
    const { code, out, err } = await quire(args);
    expect({ code, out, err }).toEqual({ code: 2, out: '', err: expect.stringContaining(says) });
    expect(provider.calls).toEqual([]);
  });

  test('2 for settings that cannot be used, by name', async () => {
    await put('a.pdf', 'Ada');
    const ended = await quire(['a.pdf'], { variables: { LLM_TIMEOUT_MS: 'soon' } });
    expect(ended).toMatchObject({ code: 2, out: '', err: expect.stringContaining('LLM_TIMEOUT_MS') });
  });

  test('2 where answers can be kept nowhere, by the name of the folder', async () => {
    await put('a.pdf', 'Ada');
    const variables = { QUIRE_DATABASE_URL: '', QUIRE_DATA_DIR: 'a.pdf' };
    const ended = await quire(['a.pdf'], { variables });
    expect(ended).toMatchObject({ code: 2, out: '', err: expect.stringContaining('a.pdf/process') });
    expect(provider.calls).toEqual([]);
  });

  test('that rules read where no key is set', async () => {
    await put('a.pdf', 'Ada');
    const variables = { OPENAI_API_KEY: '', OPENAI_MODEL: '', OPENAI_BASE_URL: '' };
    const { code, err } = await quire(['a.pdf'], { variables });
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('No key is set') });
    expect(provider.calls).toEqual([]);
  });

  test.each([{}, { NODE_OPTIONS: TERMINAL }])('that the model service is away: %j', async (variables) => {
    // Of one page, nobody could tell whether it is the page.
    await put('a.pdf', 'Ada', 'Ben', 'Cleo');
    const run = new Run(['a.pdf'], { variables: { ...variables, OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' } });
    await until('the wait is told', () => run.err.includes('the model service cannot be reached'));
    run.kill('SIGINT');
    expect(await run.ended()).toMatchObject({ code: 130 });
  });

  test('lines on a terminal that cannot move its cursor', async () => {
    await put('a.pdf', 'Ada');
    const { err } = await quire(['a.pdf'], { variables: { NODE_OPTIONS: TERMINAL, TERM: 'dumb' } });
    expect(err).toBe('a.pdf: whole, 1 page, 1 account, 1 field\n');
  });

  test('bars on a terminal, and no line for each file', async () => {
    await put('a.pdf', 'Ada');
    const { code, err } = await quire(['a.pdf'], { variables: { NODE_OPTIONS: TERMINAL } });
    expect(code).toBe(0);
    expect(err).toMatch(/[░█]+ \d+% 0 of 1 file/);
    expect(err).toContain('% a.pdf');
    expect(err).not.toContain('a.pdf: whole');
    // The cursor is there again.
    expect(err.lastIndexOf('\x1b[?25h')).toBeGreaterThan(err.lastIndexOf('\x1b[?25l'));
  });

  test('a name of two lines on one', async () => {
    await put('a.pdf: whole\nb.pdf', 'Ada');
    const { err } = await quire(['.']);
    expect(err).toBe('a.pdf: whole b.pdf: whole, 1 page, 1 account, 1 field\n');
  });

  test.each([{}, { NODE_OPTIONS: TERMINAL }])(
    'no control character of a name or a value',
    async (variables) => {
      const name = 'a\x1b]0;owned\x07\u009b2J.pdf';
      await put(name, 'Ada');
      provider.behaviour.read = () => [{ name: 'Owner', value: 'Ada\x1b[2J\u009b1mx\u202e', confidence: 90 }];
      const { out, err } = await quire([name], { variables });
      const json = await quire([name, '--json'], { variables });
      // eslint-disable-next-line no-control-regex
      expect(out + json.out).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
      for (const sign of ['owned\x07', '\x1b]', '\u009b']) expect(err + json.err).not.toContain(sign);
      expect(linesOf(json.out)).toMatchObject([
        { file: expect.stringContaining('owned\x07\u009b2J.pdf'), record: { accounts: [{}] } },
      ]);
    },
  );
});

describe('--json', () => {
  test('writes a line a file on the standard output, and nothing else there', async () => {
    await put('a.pdf', 'Ada');
    await put('b.pdf', 'Ben');
    writeFileSync(join(folder, 'none.pdf'), 'words');
    const { code, out, err } = await quire(['--json', '--plan', 'batch 2x3', '.']);
    expect(code).toBe(1);
    const found = linesOf(out).toSorted((a, b) => (a.file < b.file ? -1 : 1));
    expect(found).toMatchObject([
      { file: join(folder, 'a.pdf'), state: 'whole', record: { plan: { path: 'batch' } } },
      { file: join(folder, 'b.pdf'), state: 'whole' },
      { file: join(folder, 'none.pdf'), state: 'failed', error: 'The file is not a PDF.' },
    ]);
    expect(found[0]?.record?.accounts[0]?.result.Owner.value).toBe('Ada');
    expect(err).toMatch(/^File +Pages/m);
  });
});

describe('output that cannot be written', () => {
  test('to whoever has gone ends the run quietly, and what was answered is kept', async () => {
    await put('a.pdf', 'Ada');
    await put('b.pdf', 'Ben');
    const variables = { DOCUMENTS_AT_ONCE: '1' };
    const { came, answer } = hold('Ben');
    const run = new Run(['--json', '.'], { variables });
    await came;
    await until('a line', () => linesOf(run.out).length === 1);
    run.stopListening();
    answer();
    // Whether the last line still fits between the two is up to the system.
    expect(await run.ended()).toMatchObject({ err: expect.not.stringMatching(/Error|Stopped|stopped/) });
    expect(asked()).toEqual(['Ada', 'Ben']);
  });

  test('for want of space is said, and fails', async () => {
    await put('a.pdf', 'Ada');
    const shell = spawnSync('sh', ['-c', `"$0" "$1" process a.pdf > /dev/full`, process.execPath, QUIRE], {
      cwd: folder,
      env: { PATH: process.env.PATH, QUIRE_DATABASE_URL: database },
      encoding: 'utf8',
    });
    expect(shell.stderr).toContain('The output cannot be written: There is no space left on the disk.');
    expect(shell.stderr).not.toContain('    at ');
    expect(shell.status).toBe(1);
  });
});

describe('files', () => {
  const rowsOf = (out: string) =>
    out
      .split('\n')
      .filter((line) => line.endsWith(' whole'))
      .map((row) => row.replace(/ {2,}.*/, ''));

  test('come from a list with a mark at its start, blank lines and names of blanks and quotes', async () => {
    for (const name of ['a.pdf', 'b c.pdf', `d"'.pdf`]) await put(name, 'Ada');
    const { code, out } = await quire(['-', '-'], { input: `\uFEFFa.pdf\r\n  \nb c.pdf\nd"'.pdf` });
    expect({ code, rows: rowsOf(out) }).toEqual({ code: 0, rows: ['a.pdf', 'b c.pdf', `d"'.pdf`] });
  });

  test('come from a list parted by NUL, and have the name they were given first', async () => {
    for (const name of ['a\nb.pdf', 'c.pdf']) await put(name, 'Ada');
    const { code, out } = await quire(['-', './c.pdf'], { input: 'a\nb.pdf\0c.pdf\0' });
    expect({ code, rows: rowsOf(out) }).toEqual({ code: 0, rows: ['a b.pdf', 'c.pdf'] });
  });

  test('of a folder that cannot be read are not left out in silence', async () => {
    await put('in/a.pdf', 'Ada');
    symlinkSync('nowhere.pdf', join(folder, 'in/gone.pdf'));
    symlinkSync('..', join(folder, 'in/round'));
    const { code, out } = await quire(['in']);
    expect({ code, rows: rowsOf(out) }).toEqual({ code: 1, rows: ['in/a.pdf'] });
    expect(out).toContain('in/gone.pdf: It cannot be read: There is no such file.');
  });

  test('come from folders and those below, sorted, and from a list on the standard input, each once', async () => {
    await put('in/b.pdf', 'Ben');
    await put('in/a/c.PDF', 'Cleo');
    await put('other.pdf', 'Dora');
    writeFileSync(join(folder, 'in/notes.txt'), 'words');
    const input = 'other.pdf\r\n\nin/b.pdf\n';
    const { code, out } = await quire(['in', '-'], { input });
    expect(code).toBe(0);
    const rows = out.split('\n').filter((line) => line.endsWith(' whole'));
    expect(rows.map((row) => row.split(' ')[0])).toEqual(['in/a/c.PDF', 'in/b.pdf', 'other.pdf']);
  });
});

describe('--out', () => {
  const written = () => readdirSync(join(folder, 'out')).toSorted();
  const ownerIn = (name: string) =>
    (JSON.parse(readFileSync(join(folder, 'out', name), 'utf8')) as Line).record?.accounts[0]?.result.Owner
      .value;

  test('writes a record a file, for its owner alone; the same names do not collide', async () => {
    await put('in/x.pdf', 'Ada');
    await put('in/sub/x.pdf', 'Ben');
    const { code, out } = await quire(['in', '--out', 'out']);
    expect({ code, out }).toEqual({ code: 0, out: expect.not.stringContaining('Account 12345678') });
    expect(written()).toEqual([expect.stringMatching(/^x-[0-9a-f]{8}\.json$/), 'x.json']);
    expect(written().map(ownerIn).toSorted()).toEqual(['Ada', 'Ben']);
    expect(statSync(join(folder, 'out/x.json')).mode & 0o777).toBe(0o600);
  });

  test('passes over what is written, whole and of the same bytes, model and plan', async () => {
    await put('a.pdf', 'Ada');
    await put('b.pdf', 'Ben');
    await quire(['a.pdf', 'b.pdf', '--out', 'out']);
    const before = statSync(join(folder, 'out/a.json')).mtimeMs;
    expect(await quire(['a.pdf', 'b.pdf', '--out', 'out'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^a\.pdf .* written before$/m),
    });
    expect(statSync(join(folder, 'out/a.json')).mtimeMs).toBe(before);
    expect(asked().toSorted()).toEqual(['Ada', 'Ben']);

    await put('b.pdf', 'Cleo');
    await quire(['a.pdf', 'b.pdf', '--out', 'out']);
    expect(ownerIn('b.json')).toBe('Cleo');
    await quire(['a.pdf', '--out', 'out', '--plan', 'batch 2x3']);
    const { record } = JSON.parse(readFileSync(join(folder, 'out/a.json'), 'utf8')) as Line;
    expect(record?.plan.path).toBe('batch');
  });

  test('asks again for the pages that failed, and for no other', async () => {
    await put('a.pdf', 'Ada', 'Ben');
    provider.behaviour.fault = ({ pages }) =>
      pages.some(({ text }) => text.includes('Ben')) ? { status: 400 } : undefined;
    expect(await quire(['a.pdf', '--out', 'out'])).toMatchObject({ code: 1 });
    provider.calls.length = 0;
    provider.behaviour.fault = () => undefined;
    expect(await quire(['a.pdf', '--out', 'out'])).toMatchObject({ code: 0 });
    expect(asked()).toEqual(['Ben']);
  });

  test('gives a name that is too long for a record a shorter one', async () => {
    const name = 'é'.repeat(125);
    await put(`${name}.pdf`, 'Ada');
    expect(await quire(['.', '--out', 'out'])).toMatchObject({ code: 0 });
    expect(written()).toEqual([expect.stringMatching(/^é{115}-[0-9a-f]{8}\.json$/)]);
    expect(await quire(['.', '--out', 'out'])).toMatchObject({
      out: expect.stringContaining('written before'),
    });
  });

  test('writes over nothing that has come there meanwhile', async () => {
    await put('a.pdf', 'Ada');
    const { came, answer } = hold('Ada');
    const run = new Run(['a.pdf', '--out', 'out']);
    await came;
    writeFileSync(join(folder, 'out/a.json'), '{}');
    answer();
    expect(await run.ended()).toMatchObject({
      code: 1,
      out: expect.stringContaining('a.pdf: out/a.json is there already, and is no record of'),
    });
    expect(readFileSync(join(folder, 'out/a.json'), 'utf8')).toBe('{}');
    expect(written()).toEqual(['a.json']);
  });

  test('leaves alone what is no record of the file', async () => {
    await put('package.pdf', 'Ada');
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    expect(await quire(['package.pdf', '--out', '.'])).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'package.json'), 'utf8')).toBe('{ "private": true }');
    expect(readdirSync(folder).filter((name) => /^package-[0-9a-f]{8}\.json$/.test(name))).toHaveLength(1);
  });
});

describe('a run that is stopped', () => {
  test('lets calls under way end, says how to go on, and goes on with no call made twice', async () => {
    await put('a.pdf', 'Ada', 'Ben', 'Cleo');
    await put('b.pdf', 'Dora');
    const variables = { DOCUMENTS_AT_ONCE: '1' };
    const { came, answer } = hold('Ben');
    const run = new Run(['a.pdf', 'b.pdf', '--out', 'out'], { variables });
    await came;
    run.kill('SIGINT');
    answer();
    const { code, err } = await run.ended();
    expect(code).toBe(130);
    expect(err).toContain('Stopped: 0 of 2 files are read. Give the same command again to go on');
    expect(asked()).toEqual(['Ada', 'Ben']);

    expect(await quire(['a.pdf', 'b.pdf', '--out', 'out'], { variables })).toMatchObject({ code: 0 });
    expect(asked()).toEqual(['Ada', 'Ben', 'Cleo', 'Dora']);
  });

  test('ends at once when it is told twice', async () => {
    await put('a.pdf', 'Ada');
    const { came, answer } = hold('Ada');
    const variables = { SHUTDOWN_GRACE_MS: '3600000', NODE_OPTIONS: TERMINAL };
    const run = new Run(['a.pdf'], { variables });
    await came;
    run.kill('SIGINT');
    while (!run.err.includes('Ctrl+C again ends at once.')) await new Promise((seen) => setTimeout(seen, 20));
    run.kill('SIGINT');
    expect(await run.ended()).toMatchObject({ code: 130, out: '' });
    // The cursor is there again.
    expect(run.err).toContain('\x1b[?25h');
    answer();
  });

  test('or killed, reads no scan twice, and keeps none of a file that is whole', async () => {
    const scan = async (owner: string) => ({
      scan: await scanOf(lines('Account Number: 12345678', `Owner ${owner}`)),
    });
    writeFileSync(join(folder, 'a.pdf'), await makePdf([await scan('Ada'), await scan('Ben')]));
    const { came, answer } = hold('Ada');
    const run = new Run(['a.pdf']);
    await came;
    run.kill('SIGKILL');
    await run.ended();
    answer();
    provider.calls.length = 0;
    // Read again, the page would not say this.
    await runSql(
      database,
      `UPDATE quire.terminal_scans SET page = replace(page::text, 'Owner Ada', 'Owner Zoe')::json`,
    );
    expect(await quire(['a.pdf'])).toMatchObject({ code: 0 });
    expect(asked().toSorted()).toEqual(['Ben', 'Zoe']);
    expect(await runSql(database, 'SELECT document FROM quire.terminal_scans')).toEqual([]);
  });

  test('or killed, goes on with no call made twice', async () => {
    await put('a.pdf', 'Ada', 'Ben');
    const { came, answer } = hold('Ben');
    const variables = { QUIRE_DATABASE_URL: '' };
    const run = new Run(['a.pdf'], { variables });
    await came;
    run.kill('SIGKILL');
    await run.ended();
    answer();
    provider.calls.length = 0;
    expect(await quire(['a.pdf'], { variables })).toMatchObject({ code: 0 });
    expect(asked()).toEqual(['Ben']);
  });
});

test('runs beside a server with the same folder', async () => {
  await put('a.pdf', 'Ada');
  const data = join(folder, 'data');
  const server = new Child(SERVER, { QUIRE_DATA_DIR: data, PORT: '0' });
  try {
    const address = await server.address();
    expect((await fetch(`${address}api/documents`)).status).toBe(200);
    const variables = { QUIRE_DATA_DIR: data, QUIRE_DATABASE_URL: '' };
    expect(await quire(['a.pdf'], { variables })).toMatchObject({ code: 0 });
    expect(readdirSync(data)).toContain('process');
  } finally {
    await server.stop();
  }
});

test('waits for another run with the same folder, and begins nothing when that goes on', async () => {
  await put('a.pdf', 'Ada');
  let answer: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (answer = resolve));
  provider.behaviour.delay = () => held;
  const variables = { QUIRE_DATABASE_URL: '' };
  const first = new Run(['a.pdf'], { variables });
  await provider.called(1);
  const second = await quire(['a.pdf'], { variables });
  expect(second).toMatchObject({ code: 2, out: '' });
  answer();
  expect(await first.ended()).toMatchObject({ code: 0 });
  expect(asked()).toEqual(['Ada']);
});

test('keeps answers in the database that is set, as long as documents are kept', async () => {
  await put('a.pdf', 'Ada');
  await quire(['a.pdf']);
  expect(await quire(['a.pdf'])).toMatchObject({ code: 0 });
  expect(asked()).toEqual(['Ada']);
  expect(readdirSync(folder)).toEqual(['a.pdf']);

  await runSql(database, `UPDATE quire.terminal_answers SET kept_at = now() - interval '9 days'`);
  await quire(['a.pdf'], { variables: { RETENTION_DAYS: '10' } });
  expect(asked()).toEqual(['Ada']);
  await quire(['a.pdf'], { variables: { RETENTION_DAYS: '8' } });
  expect(asked()).toEqual(['Ada', 'Ada']);
});
