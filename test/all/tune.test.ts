import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Point, TuningReport } from '../../src/evaluation/tune/figures.js';
import { runScript, type Ended } from '../command.js';
import { Provider, type Behaviour, type Field, type ReceivedPage } from '../provider.js';

/** The runnable search for a plan, as `quire tune` runs it, against a provider on real HTTP. */
const QUIRE = fileURLToPath(new URL('../../dist/cli/quire.js', import.meta.url));
const BANK_STATEMENT = fileURLToPath(new URL('../samples/bank-statement-multipage.pdf', import.meta.url));

let folder: string;
let provider: Provider | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tune-'));
});

afterEach(async () => {
  rmSync(folder, { recursive: true });
  await provider?.close();
  provider = undefined;
});

async function startModel(behaviour: Partial<Behaviour> = {}): Promise<Record<string, string>> {
  provider = await Provider.start({ read: readLines, ...behaviour });
  return { OPENAI_API_KEY: 'k', OPENAI_MODEL: 'test-model', OPENAI_BASE_URL: provider.baseURL };
}

function tune(args: string[], variables: Record<string, string> = {}): Promise<Ended> {
  return runScript(QUIRE, ['tune', ...args], folder, variables);
}

function reportIn(out = 'tune-report'): { report: TuningReport; json: string; page: string } {
  const read = (name: string) => readFileSync(join(folder, out, name), 'utf8');
  const json = read('report.json');
  return { report: JSON.parse(json) as TuningReport, json, page: read('report.html') };
}

function pointOf({ points }: TuningReport, size: number, workers: number): Point {
  const point = points.find(({ batch_size: s, max_workers: w }) => s === size && w === workers);
  if (!point) throw new Error(`There is no point ${size}x${workers}`);
  return point;
}

function save(name: string, content: unknown): string {
  writeFileSync(join(folder, name), JSON.stringify(content));
  return name;
}

/** A document of labelled values, no two alike, of one account. */
function documentOf(name: string, pages: number): string {
  const texts = Array.from({ length: pages }, (_, index) => {
    const page = index + 1;
    const lines = Array.from(
      { length: 10 },
      (_, field) => `P${page}_F${field}: SECRET ${name} ${page} ${field}`,
    );
    return [page, ['ACCOUNT NUMBER: 12345678', ...lines].join('\n')];
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

const PRICES = { LLM_PRICES: '{"test-model": {"input": 1, "output": 2}}' };

describe('the recommended plan', () => {
  test('is one of the points; its payload is printed; flags and QUIRE_PLAN do not count', async () => {
    const asked: string[] = [];
    const flags = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((resolve) => flags.listen(0, '127.0.0.1', resolve));
    const settings = await startModel();
    const { code, out } = await tune([documentOf('steady', 12), '--sizes', '3,2,2', '--workers', '3,4'], {
      ...settings,
      ...PRICES,
      UNLEASH_URL: `http://127.0.0.1:${(flags.address() as AddressInfo).port}/`,
      UNLEASH_API_TOKEN: 'token',
      QUIRE_PLAN: 'no plan at all',
    });
    flags.close();
    expect({ code, asked }).toEqual({ code: 0, asked: [] });
    const { report, page } = reportIn();
    const { recommended } = report;
    if (!recommended) throw new Error('No plan is recommended');
    const { batch_size: size, max_workers: workers, calls, cost_usd: cost } = recommended;
    const share = (calls / 12).toFixed(2);
    expect(out).toContain(`\n{"batchSize": ${size}, "maxWorkers": ${workers}}\n`);
    expect(out).toMatch(
      new RegExp(
        `It takes \\d\\.\\d\\d × the time, ${share} × the calls and ${share} × the cost of page by page\\.`,
      ),
    );
    expect(page).toContain(`{&quot;batchSize&quot;: ${size}, &quot;maxWorkers&quot;: ${workers}}`);
    expect(report).toMatchObject({
      model: 'test-model',
      pages: 12,
      cost_measure: 'cost_usd',
      control: { calls: 12, failed_pages: 0, tokens: 13_200, agreement: 1 },
      recommended: { verdict: 'agrees', agreement: 1 },
    });
    expect(report.points.map(({ batch_size: size, max_workers: workers }) => `${size}x${workers}`)).toEqual([
      '2x3',
      '2x4',
      '3x3',
      '3x4',
    ]);
    expect(report.points.map(({ calls }) => calls)).toEqual([6, 6, 4, 4]);
    // A call of the provider is 1,000 tokens in and 100 out.
    expect(report.control.cost_usd).toBeCloseTo(12 * 0.0012, 10);
    expect(cost).toBeCloseTo(calls * 0.0012, 10);
    // Two runs page by page and one of each size: workers cost no calls.
    expect(provider?.calls).toHaveLength(12 + 12 + 6 + 4);
  });

  test('is never one that agrees less, however short and cheap', async () => {
    const settings = await startModel({
      delay: () => 5,
      read: (page, { pages }) =>
        readLines(page).map((field) => ({ ...field, ...(pages.length > 2 && { value: 'altered' }) })),
    });
    const { code, out } = await tune(
      [documentOf('altered', 12), '--sizes', '2,4', '--workers', '1,12'],
      settings,
    );
    expect(code).toBe(0);
    expect(out).toContain('{"batchSize": 2, ');
    const { report } = reportIn();
    expect(pointOf(report, 4, 12)).toMatchObject({ verdict: 'agrees_less', agreement: 0, calls: 3 });
    expect(pointOf(report, 2, 12)).toMatchObject({ verdict: 'agrees', agreement: 1, calls: 6 });
  });

  test('is none when no plan agrees: stay page by page, exit 1', async () => {
    const settings = await startModel({
      read: (page, { pages }) =>
        readLines(page).map((field) => ({ ...field, ...(pages.length > 1 && { value: 'altered' }) })),
    });
    const { code, out } = await tune(
      [documentOf('altered', 8), '--sizes', '2,4', '--workers', '2'],
      settings,
    );
    expect(code).toBe(1);
    expect(out).toContain('Recommended: stay page by page.');
    expect(out).not.toContain('batchSize');
    const { report, page } = reportIn();
    expect(report.recommended).toBeNull();
    expect(page).toContain('Recommended: stay page by page.');
    expect(page).not.toContain('batchSize');
  });

  test('is none that gave up more pages than page by page, also on too few pages to tell', async () => {
    const alone = new Map<string, number>();
    const settings = await startModel({
      // Page 2 is refused together with others, and alone from the third time on.
      fault: ({ pages }) => {
        const page = pages.find(({ number }) => number === 2);
        if (!page) return undefined;
        if (pages.length > 1) return 'refusal';
        const times = (alone.get(page.text) ?? 0) + 1;
        alone.set(page.text, times);
        return times > 2 ? 'refusal' : undefined;
      },
    });
    const { code } = await tune([documentOf('refused', 4), '--sizes', '2', '--workers', '2'], settings);
    expect(code).toBe(1);
    const { report } = reportIn();
    expect(report.control.failed_pages).toBe(0);
    expect(pointOf(report, 2, 2)).toMatchObject({
      failed_pages: 1,
      verdict: 'too_few_pages',
      salvage_calls: 3,
    });
  });
});

describe('what is shown', () => {
  test('figures and file names, and no field values or page texts', async () => {
    const settings = await startModel({
      read: (page, { pages }) =>
        readLines(page).map((field) => ({ ...field, ...(pages.length > 1 && { value: 'SECRET altered' }) })),
    });
    const hostile = `a<b>&"\u001b[31m`;
    const { out, err } = await tune([documentOf(hostile, 3), '--sizes', '1,3'], settings);
    const { json, page } = reportIn();
    for (const shown of [out, err, json, page]) {
      for (const hidden of ['SECRET', 'P1_F1', '12345678', 'ACCOUNT', '\u001b'])
        expect(shown).not.toContain(hidden);
    }
    expect(out).toContain('tokens');
    expect(err).toContain('a<b>&"?[31m.json: page by page again');
    expect(page).toContain('a&lt;b&gt;&amp;&quot;<span class="sign">U+001B</span>[31m.json');
  });

  test('a chart with a mark for every plan and a ring, in a page that needs nothing from outside', async () => {
    const settings = await startModel();
    await tune([documentOf('drawn', 6), '--sizes', '1,2', '--workers', '1,2,3', '--out', 'kept'], settings);
    const { page } = reportIn('kept');
    const chart = /<svg class="chart"[^]*<\/svg>/.exec(page)?.[0] ?? '';
    for (const plan of ['page by page', '1x1', '1x2', '1x3', '2x1', '2x2', '2x3']) {
      expect(chart).toContain(`<title>${plan}: `);
    }
    expect(chart.match(/<circle class="ring" (?!cx="[\d.]+" cy="16.0")/g)).toHaveLength(1);
    expect(chart).not.toContain('NaN');
    expect(page).toContain(`default-src &#39;none&#39;`);
    expect(page).not.toMatch(/ (?:src|href|style|on[a-z]+)="|<script/);
    expect(statSync(join(folder, 'kept', 'report.html')).mode & 0o777).toBe(0o600);
  });

  test('PDFs, read by the embedded model when there is no key: calls are the cost', async () => {
    const { code } = await tune([BANK_STATEMENT, '--sizes', '5', '--workers', '3']);
    const { report } = reportIn();
    expect(code).toBe(0);
    expect(report).toMatchObject({
      model: 'embedded model (rules, for trying out)',
      cost_measure: 'calls',
      control: { calls: 5, cost_usd: 0 },
      recommended: { batch_size: 5, max_workers: 3, calls: 1, cost_usd: 0 },
    });
  });
});

test('it says in a line why nothing was compared, and ends with 2', async () => {
  const file = save('a.json', { 1: '  ' });
  const said = async (args: string[], variables: Record<string, string> = {}) => {
    const { code, out, err } = await tune([file, ...args], variables);
    return { code, out, said: err.trim().split('\n').at(-1) };
  };
  const sizes = '--sizes must be whole numbers from 1 to 10, like "2,3".';
  const workers = '--workers must be whole numbers from 1 to 20, like "2,3".';
  expect(
    await Promise.all([
      said(['--plan']),
      said(['--sizes', '2,many']),
      said(['--sizes', '2,11']),
      said(['--workers', '0']),
      said(['--workers', '1,21']),
      said([], { QUIRE_FORCE_SINGLE_PAGE: 'true' }),
      said([]),
    ]),
  ).toEqual(
    [
      `Unknown option '--plan'. Try --help.`,
      sizes,
      sizes,
      workers,
      workers,
      'QUIRE_FORCE_SINGLE_PAGE is set: nothing would be read in batches. Unset it.',
      'No page has text to ask about.',
    ].map((said) => ({ code: 2, out: '', said })),
  );
});

test('--help tells how to use it', async () => {
  const { code, out } = await tune(['--help']);
  expect(code).toBe(0);
  expect(out).toMatch(/^Usage: quire tune /);
});
