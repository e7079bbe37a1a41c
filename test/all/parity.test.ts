import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ParityReport } from '../../src/evaluation/parity/report.js';
import { runScript, type Ended } from '../command.js';
import { Provider, type Call, type Fault, type Field, type ReceivedPage } from '../provider.js';
import { seeded } from '../random.js';

/** The runnable comparison, as `quire parity` runs it, against a provider on real HTTP. */
const QUIRE = fileURLToPath(new URL('../../dist/cli/quire.js', import.meta.url));
const BANK_STATEMENT = fileURLToPath(new URL('../samples/bank-statement-multipage.pdf', import.meta.url));

type Run = 'control' | 'control_again' | 'candidate';

let folder: string;
let provider: Provider | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parity-'));
});

afterEach(async () => {
  rmSync(folder, { recursive: true });
  await provider?.close();
  provider = undefined;
});

/** A model that is told which run asks: pages together are the candidate's, a page alone comes run by run. */
async function startModel(
  read: (page: ReceivedPage, run: Run) => Field[],
  fault: (call: Call, run: Run) => Fault | undefined = () => undefined,
): Promise<Record<string, string>> {
  const asked = new Map<string, number>();
  let run: Run = 'control';
  provider = await Provider.start({
    read: (page) => read(page, run),
    // Asked right before the answer is read, for the same call.
    fault: (call) => {
      const [first] = call.pages;
      const time = (asked.get(first?.text ?? '') ?? 0) + 1;
      if (call.pages.length === 1) asked.set(first?.text ?? '', time);
      const alone = (['control', 'control_again'] as const)[time - 1];
      run = call.pages.length === 1 && alone ? alone : 'candidate';
      return fault(call, run);
    },
  });
  return { OPENAI_API_KEY: 'k', OPENAI_MODEL: 'test-model', OPENAI_BASE_URL: provider.baseURL };
}

function parity(args: string[], variables: Record<string, string> = {}): Promise<Ended> {
  return runScript(QUIRE, ['parity', ...args], folder, variables);
}

function reportIn(out = 'parity-report'): { report: ParityReport; page: string } {
  const read = (name: string) => readFileSync(join(folder, out, name), 'utf8');
  return { report: JSON.parse(read('report.json')) as ParityReport, page: read('report.html') };
}

function save(name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return name;
}

const FIELDS_A_PAGE = 40;

/** A document of labelled values, no two alike, of accounts with even numbers of pages. */
function documentOf(name: string, pages: number): string {
  const texts = Array.from({ length: pages }, (_, index) => {
    const page = index + 1;
    const account = index % 10 === 0 ? `ACCOUNT NUMBER: ${10_000_000 + page}\n` : '';
    const lines = Array.from(
      { length: FIELDS_A_PAGE },
      (_, field) => `P${page}_F${field}: ${name} value ${page} ${field}`,
    );
    return [page, account + lines.join('\n')];
  });
  return save(`${name}.json`, Object.fromEntries(texts));
}

function readLines({ text }: ReceivedPage): Field[] {
  return Array.from(text.matchAll(/^(P\d+_F\d+): (.*)$/gm), ([, name = '', value = '']) => ({
    name,
    value,
    confidence: 90,
  }));
}

/**
 * Reads a page with slips: of every run its own in 1 % of the fields, so that two runs differ in 2 %, and
 * besides in every 20th field of the candidate. What is put in stands on no page.
 */
function readWithSlips(own: boolean) {
  return (page: ReceivedPage, run: Run): Field[] => {
    const place = createHash('sha256').update(`${run} ${page.text}`).digest().readUInt32LE();
    const random = seeded(place);
    return readLines(page).map((field, index) => {
      const hasSlipped = random() < 0.01;
      if (own && run === 'candidate' && index % 20 === 7) return { ...field, value: `altered ${field.name}` };
      return hasSlipped ? { ...field, value: `${run} slipped` } : field;
    });
  };
}

describe('what the comparison finds', () => {
  test('identical answers: no disagreement, exit 0, and calls, salvage, seconds and cost of each run', async () => {
    const asked: string[] = [];
    const flags = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((resolve) => flags.listen(0, '127.0.0.1', resolve));
    const settings = await startModel(readLines, (call, run) =>
      run === 'candidate' && call.pages[0]?.number === 1 && call.pages.length > 1
        ? 'missing page'
        : undefined,
    );
    const { code, out, err } = await parity([documentOf('alike', 10), documentOf('same', 4)], {
      ...settings,
      LLM_PRICES: '{"test-model": {"input": 1, "output": 2}}',
      UNLEASH_URL: `http://127.0.0.1:${(flags.address() as AddressInfo).port}/`,
      UNLEASH_API_TOKEN: 'token',
    });
    flags.close();
    expect({ code, err: err.split('\n').length }).toEqual({ code: 0, err: 9 });
    expect(out).toContain('agrees with the control as well as the control agrees with itself');
    expect(out).toContain('parity-report/report.html');
    const { report } = reportIn();
    expect(report).toMatchObject({
      verdict: 'agrees',
      model: 'test-model',
      plans: { control: 'single-page', candidate: 'batch 2x3' },
      pages: 14,
      agreement: {
        page: {
          candidate: { same: 560, compared: 560, agreement: 1 },
          noise: { compared: 560, agreement: 1 },
        },
        merged: { candidate: { same: 560, agreement: 1 }, noise: { agreement: 1 } },
      },
      own_disagreement: { page: 0, merged: 0 },
      test: { name: 'one-sided sign-flip test', level: 0.05, p_value: 1, informative_pages: 0 },
      runs: {
        control: { calls: 14, salvage_calls: 0, failed_pages: 0 },
        control_again: { calls: 14, salvage_calls: 0, failed_pages: 0 },
        candidate: { calls: 9, salvage_calls: 2, failed_pages: 0, batches: 7, salvaged_batches: 2 },
      },
      failed_pages: [],
      disagreements: [],
      documents: [
        { file: 'alike.json', pages: 10, runs: { control: { calls: 10 }, candidate: { calls: 6 } } },
        { file: 'same.json', pages: 4, runs: { control: { calls: 4 }, candidate: { calls: 3 } } },
      ],
    });
    // A call of the provider is 1,000 tokens in and 100 out.
    expect(report.runs.control.cost_usd).toBeCloseTo(14 * 0.0012, 10);
    expect(report.runs.candidate.cost_usd).toBeCloseTo(9 * 0.0012, 10);
    expect(report.ratio.calls).toBeCloseTo(9 / 14, 10);
    expect(report.ratio.cost_usd).toBeCloseTo(9 / 14, 10);
    expect(report.runs.control.seconds).toBeGreaterThan(0);
    expect(asked).toEqual([]);
  });

  test('the share that batches change lies in the interval that is told', async () => {
    const settings = await startModel(readWithSlips(true));
    const files = Array.from({ length: 40 }, (_, index) => documentOf(`small-${index}`, 2));
    const { out } = await parity(files, settings);
    const { low, high } = reportIn().report.own_disagreement_interval ?? {};
    expect(low).toBeGreaterThan(0);
    expect(low).toBeLessThan(0.05);
    expect(high).toBeGreaterThan(0.05);
    expect(high).toBeLessThan(0.5);
    expect(out).toMatch(/own disagreement lies between [\d.]+ % and [\d.]+ %/);
  });

  test('5 % of the candidate beside noise: exit 1, measured within a point, every disagreement listed', async () => {
    const settings = await startModel(readWithSlips(true));
    const files = [documentOf('first', 40), documentOf('second', 40)];
    const { code, out } = await parity(files, settings);
    expect(code).toBe(1);
    expect(out).toContain('agrees less with the control than the control agrees with itself');
    const { report, page: html } = reportIn();
    expect(report.verdict).toBe('agrees_less');
    expect(report.agreement.page.noise.compared).toBe(3_200);
    expect(Math.abs((report.agreement.page.noise.agreement ?? 0) - 0.98)).toBeLessThan(0.01);
    expect(Math.abs((report.own_disagreement.page ?? 1) - 0.05)).toBeLessThan(0.01);
    expect(Math.abs((report.own_disagreement.merged ?? 1) - 0.05)).toBeLessThan(0.01);
    expect(report.test.p_value).toBeLessThanOrEqual(0.05);
    expect(report.runs.candidate).toMatchObject({ calls: 40, salvage_calls: 0, cost_usd: null });
    expect(report.ratio.cost_usd).toBeNull();

    const slipping = readWithSlips(true);
    const expected = (second: Run) =>
      files.flatMap((file) => {
        const texts = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, string>;
        return Object.entries(texts).flatMap(([number, text]) => {
          const page = { number: Number(number), text };
          const others = slipping(page, second);
          return slipping(page, 'control').flatMap(({ name, value }, index) => {
            const other = others[index]?.value;
            return value === other ? [] : [{ file, page: page.number, field: name, value, other }];
          });
        });
      });
    for (const [comparison, run] of [
      ['candidate', 'candidate'],
      ['noise', 'control_again'],
    ] as const) {
      const listed = report.disagreements.filter((d) => d.comparison === comparison && d.scope === 'page');
      expect(
        listed.map(({ file, page, field, control, candidate }) => ({
          file,
          page,
          field,
          value: control,
          other: candidate,
        })),
      ).toEqual(expected(run));
      for (const { control, candidate, account } of listed) {
        expect(account).toMatch(/^100000[0-3]1$/);
        expect(html).toContain(`>${control ?? ''}<`);
        expect(html).toContain(`>${candidate ?? ''}<`);
      }
    }
    expect(html.match(/<tr><th scope="row"><bdi/g)).toHaveLength(report.disagreements.length + files.length);
  });

  test('noise alone: exit 0', async () => {
    const settings = await startModel(readWithSlips(false));
    const { code, out } = await parity([documentOf('noisy', 40)], { ...settings, QUIRE_PLAN: 'single-page' });
    const { report } = reportIn();
    expect(report.plans.candidate).toBe('batch 2x3');
    expect(report.agreement.page.candidate.different).toBeGreaterThan(20);
    expect(report.agreement.page.noise.different).toBeGreaterThan(20);
    expect(report.test.informative_pages).toBeGreaterThan(10);
    expect({ code, verdict: report.verdict }).toEqual({ code: 0, verdict: 'agrees' });
    expect(out).toContain('chance explains');
  });

  test('pages that only the candidate gave up are disagreement, and are named with the reason', async () => {
    const settings = await startModel(readLines, (_, run) => (run === 'candidate' ? 'refusal' : undefined));
    const { code } = await parity([documentOf('refused', 6)], settings);
    const { report, page: html } = reportIn();
    expect(code).toBe(1);
    expect(report.agreement.page.candidate).toMatchObject({ only_control: 240, compared: 240, agreement: 0 });
    expect(report.own_disagreement.page).toBe(1);
    expect(report.test.p_value).toBe(1 / 64);
    expect(report.runs.candidate).toMatchObject({ failed_pages: 6, calls: 15, salvage_calls: 12 });
    expect(report.runs.control.failed_pages).toBe(0);
    expect(report.failed_pages).toEqual(
      [1, 2, 3, 4, 5, 6].map((page) => ({
        run: 'candidate',
        file: 'refused.json',
        page,
        account: '10000001',
        reason: 'refused',
      })),
    );
    expect(html).toContain('<td>refused</td>');
    expect(html).toContain('<em>no such field</em>');
  });

  test('a difference on too few pages to rule out chance is said to be that, exit 0', async () => {
    const settings = await startModel((page, run) =>
      readLines(page).map((field) => ({ ...field, ...(run === 'candidate' && { value: 'altered' }) })),
    );
    const { code, out } = await parity([documentOf('short', 4)], settings);
    expect(code).toBe(0);
    expect(out).toContain('on too few pages to rule out chance');
    expect(out).toContain('The test rests on 4 pages and needs 5.');
    expect(reportIn().report.verdict).toBe('too_few_pages');
  });
});

describe('the report', () => {
  const HOSTILE = {
    value: '<script>alert("x")</script>\u202eSECRET & more\u0000',
    name: `"><img src=x onerror='alert(1)'>`,
    file: `a<b>&"'\u001b[31m.json`,
  };
  const ALLOWED =
    /^<(?:!doctype html|\/?(?:html|head|meta|title|style|body|header|main|section|h[123]|p|strong|em|bdi|span|dl|div|dt|dd|table|thead|tbody|tr|th|td|svg|rect|details|summary)(?: [a-zA-Z-]+="[^"<>]*")*)>$/;
  const VOID = new Set(['meta', '!doctype']);

  /** Fails for any `<` that is not the tag of an element that is meant to be there, and for tags out of place. */
  function checkTags(html: string): void {
    const open: string[] = [];
    for (const [tag] of html.matchAll(/<[^<>]*>?/g)) {
      expect(tag).toMatch(ALLOWED);
      const name = /[a-z0-9!]+/.exec(tag)?.[0] ?? '';
      if (tag.startsWith('</')) expect(open.pop()).toBe(name);
      else if (!VOID.has(name)) open.push(name);
    }
    expect(open).toEqual([]);
  }

  test('escapes what comes from documents, needs nothing from outside, and nothing of it is on the terminal', async () => {
    const settings = await startModel((page, run) => [
      ...readLines(page),
      {
        name: HOSTILE.name,
        value: run === 'candidate' ? `${HOSTILE.value}2` : HOSTILE.value,
        confidence: 90,
      },
      { name: '__proto__', value: run, confidence: 90 },
    ]);
    const pages = { 1: 'ACCOUNT NUMBER: 12345678 on the first page', 2: 'and a second page' };
    const { code, out, err } = await parity([save(HOSTILE.file, pages)], settings);
    expect(code).toBe(0);
    const { report, page: html } = reportIn();
    checkTags(html);
    expect(html).toContain(
      '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;<span class="sign">U+202E</span>SECRET &amp; more<span class="sign">U+0000</span>2',
    );
    expect(html).toContain('&quot;&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;');
    expect(html).toContain('a&lt;b&gt;&amp;&quot;&#39;<span class="sign">U+001B</span>[31m.json');
    expect(html).toContain('>__proto__<');
    const listed = report.disagreements.filter(({ comparison }) => comparison === 'candidate');
    expect(listed.filter(({ field }) => field === '__proto__')).toHaveLength(3);
    expect(listed.map(({ control }) => control)).toContain(HOSTILE.value);
    expect(err).toContain(`a<b>&"'?[31m.json: control again`);
    for (const hidden of ['SECRET', 'script', 'onerror', '__proto__', 'first page', '\u001b']) {
      expect(out + err).not.toContain(hidden);
    }

    const [, style = ''] = /<style>([^]*)<\/style>/.exec(html) ?? [];
    const [, policy = ''] = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(html) ?? [];
    expect(policy.replaceAll('&#39;', "'")).toBe(
      `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`,
    );
    expect(html.indexOf('http-equiv')).toBeLessThan(html.indexOf('<style>'));
    expect(style).toContain('prefers-color-scheme: dark');
    expect(style).not.toMatch(/url\(|@import/);
    expect(html).not.toMatch(/ (?:src|href|style|on[a-z]+)="/);
  });

  test('is for its owner alone, also in place of an older file or a link', async () => {
    const path = (name: string) => join(folder, 'kept here', name);
    const outside = join(folder, save('outside.txt', 'untouched'));
    mkdirSync(join(folder, 'kept here'));
    writeFileSync(path('report.json'), 'older', { mode: 0o644 });
    symlinkSync(outside, path('report.html'));
    const settings = await startModel(readLines);
    expect((await parity([documentOf('modes', 2), '--out', 'kept here'], settings)).code).toBe(0);
    const modes = ['report.json', 'report.html'].map((name) => statSync(path(name)).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600]);
    expect(reportIn('kept here').report.verdict).toBe('agrees');
    expect(readFileSync(outside, 'utf8')).toBe('untouched');
  });
});

describe('what is compared', () => {
  test('PDFs, with the embedded model when there is no key; a file named twice counts once', async () => {
    const { code, err } = await parity([BANK_STATEMENT, BANK_STATEMENT, '--plan', 'batch 3x5']);
    expect({ code, lines: err.trim().split('\n').length }).toEqual({ code: 0, lines: 4 });
    const { report, page: html } = reportIn();
    expect(report).toMatchObject({
      model: 'embedded model (rules, for trying out)',
      plans: { candidate: 'batch 3x5' },
      pages: 5,
      documents: [{ file: BANK_STATEMENT }],
    });
    expect(html).toContain('They agree in every page field.');
  });

  test('the plan of QUIRE_PLAN, when it is one of batches and --plan does not name another', async () => {
    const settings = await startModel(readLines);
    const file = documentOf('planned', 2);
    const candidate = async (args: string[]) => {
      await parity([file, ...args], { ...settings, QUIRE_PLAN: 'batch 3x2' });
      return reportIn().report.plans.candidate;
    };
    expect(await candidate([])).toBe('batch 3x2');
    expect(await candidate(['--plan', 'batch 2x1'])).toBe('batch 2x1');
  });
});

describe('with --answer-form, a plan answered as lines is compared with the same answered as objects:', () => {
  /** A model that writes lines in its own way. */
  async function modelOfLines(
    read: (page: ReceivedPage, call: Call) => Field[],
    fault: (call: Call) => Fault | undefined = () => undefined,
  ) {
    provider = await Provider.start({ read, fault });
    return { OPENAI_API_KEY: 'k', OPENAI_MODEL: 'test-model', OPENAI_BASE_URL: provider.baseURL };
  }

  test('agreement, salvage, calls, tokens and cost of each; exit 0', async () => {
    const settings = await modelOfLines(readLines, ({ answerForm, pages: [first] }) =>
      answerForm === 'lines' && first?.number === 1 ? 'missing page' : undefined,
    );
    const { code, out, err } = await parity(
      [documentOf('alike', 10), '--plan', 'batch 5x2', '--answer-form'],
      {
        ...settings,
        LLM_PRICES: '{"test-model": {"input": 1, "output": 2}}',
      },
    );
    const [, ...progress] = err.trim().split('\n');
    expect({ code, progress }).toEqual({
      code: 0,
      progress: ['alike.json: objects', 'alike.json: objects again', 'alike.json: lines'],
    });
    expect(provider?.calls.map(({ answerForm }) => answerForm)).toEqual([
      ...Array<string>(4).fill('objects'),
      ...Array<string>(3).fill('lines'),
    ]);
    const { report, page: html } = reportIn();
    expect(report).toMatchObject({
      verdict: 'agrees',
      plans: { control: 'batch 5x2, answered as objects', candidate: 'batch 5x2, answered as lines' },
      agreement: { page: { candidate: { agreement: 1, compared: 400 } } },
      runs: {
        control: { calls: 2, batches: 2, salvaged_batches: 0, completion_tokens: 200 },
        control_again: { calls: 2, batches: 2, salvaged_batches: 0 },
        candidate: { calls: 3, batches: 2, salvaged_batches: 1, completion_tokens: 300 },
      },
      ratio: { calls: 1.5, completion_tokens: 1.5 },
    });
    const { control, candidate } = report.runs;
    expect(control.prompt_tokens).toBeGreaterThanOrEqual(2_000);
    expect(report.ratio.prompt_tokens).toBeCloseTo(candidate.prompt_tokens / control.prompt_tokens, 10);
    expect(report.ratio.cost_usd).toBeCloseTo((candidate.cost_usd ?? 0) / (control.cost_usd ?? 0), 10);
    for (const told of [out, html]) {
      expect(told).toContain('answered as objects');
      expect(told).toContain('1 of 2 (50.00 %)');
      expect(told).toContain(candidate.prompt_tokens.toLocaleString('en-US'));
    }
  });

  test('lines that change values end with 1', async () => {
    const settings = await modelOfLines((page, { answerForm }) =>
      readLines(page).map((field, index) =>
        answerForm === 'lines' && index === 7 ? { ...field, value: field.value.slice(0, -2) } : field,
      ),
    );
    const { code } = await parity([documentOf('changed', 10), '--answer-form'], settings);
    const { report } = reportIn();
    expect({ code, verdict: report.verdict }).toEqual({ code: 1, verdict: 'agrees_less' });
    expect(report.disagreements.filter(({ comparison }) => comparison === 'noise')).toEqual([]);
    expect(report.disagreements.filter(({ scope }) => scope === 'page')).toHaveLength(10);
  });
});

describe('it says in a line why nothing was compared, and ends with 2:', () => {
  const PAGES = { 1: 'ACCOUNT NUMBER: 12345678', 2: 'P2_F1: something' };

  test.each([
    ['no files', [], {}, /^No files were named/],
    ['an option there is not', ['--fast', 'a.json'], {}, /^Unknown option '--fast'\. Try --help\.$/],
    ['a plan that is none', ['--plan', 'quick', 'a.json'], {}, /^--plan must be like "batch 2x3"\.$/],
    ['a plan that is no batch', ['--plan', 'single-page', 'a.json'], {}, /^--plan must be like/],
    ['a key without a model', ['a.json'], { OPENAI_API_KEY: 'k' }, /OPENAI_MODEL/],
    [
      'settings that are none',
      ['a.json'],
      { LLM_TIMEOUT_MS: 'soon', PDF_MAX_PAGES: '0' },
      /LLM_TIMEOUT_MS.*; PDF_MAX_PAGES/,
    ],
    [
      'batches that are forced off',
      ['a.json'],
      { QUIRE_FORCE_SINGLE_PAGE: 'true' },
      /FORCE_SINGLE_PAGE is set/,
    ],
    [
      'a folder that cannot be',
      ['a.json', '--out', 'a.json'],
      {},
      /^The report cannot be written to a\.json/,
    ],
  ])('%s', async (_, args, variables, message) => {
    save('a.json', PAGES);
    const { code, out, err } = await parity(args, variables);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err.trim()).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  test('files that cannot be read, each by its name, before a call is made and without quoting them', async () => {
    const settings = await startModel(readLines);
    const files = [
      save('good.json', PAGES),
      'nowhere.pdf',
      save('not.pdf', 'SECRET'),
      save('broken.json', '{"1": SECRET}'),
      save('numbered.json', { 'page SECRET': 'text' }),
      save('empty.json', {}),
      save('notes.txt', 'SECRET'),
    ];
    const { code, err } = await parity(files, settings);
    expect(code).toBe(2);
    expect(err.split('\n').filter((line) => line.includes('cannot be read'))).toEqual([
      'nowhere.pdf cannot be read: There is no such file.',
      'not.pdf cannot be read: The file is not a PDF.',
      'broken.json cannot be read: It is not JSON.',
      'numbered.json cannot be read: It must hold page texts by page number, like {"1": "...", "2": "..."}.',
      'empty.json cannot be read: It must hold page texts by page number, like {"1": "...", "2": "..."}.',
      'notes.txt cannot be read: It must be a .pdf or a .json file.',
    ]);
    expect(err).not.toMatch(/SECRET|^\s+at /m);
    expect(provider?.calls).toEqual([]);
  });

  test.each([
    [
      'no page could be read in any of the runs',
      PAGES,
      () => ({ status: 401 }),
      /for no page that has fields\. Failed pages: not_authorised\.$/,
    ],
    ['no fields anywhere', { 1: 'nothing to find here' }, () => undefined, /found no fields on any page\.$/],
    ['no text', { 1: '  ' }, () => undefined, /No page has text to ask about\.$/],
  ])('%s', async (_, pages, fault, message) => {
    const settings = await startModel(readLines, fault);
    const { code, out, err } = await parity([save('a.json', pages)], settings);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err.trim()).toMatch(message);
    expect(err).not.toMatch(/^\s+at /m);
  });
});

test('--help tells how to use it', async () => {
  const { code, out } = await parity(['--help']);
  expect(code).toBe(0);
  expect(out).toMatch(/^Usage: quire parity /);
});
