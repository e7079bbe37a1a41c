import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Host } from '../host.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { Postgres } from '../postgres.js';
import { Provider } from '../provider.js';
import { newFolder } from '../shared.js';
import { Prometheus, prometheusTools, promtool, type PrometheusTools } from './prometheus.js';

/** The alerting rules as Prometheus itself takes them, over made-up series and beside a real process. */

const RULES = fileURLToPath(new URL('../../docs/prometheus-alerts.yml', import.meta.url));
const folder = await newFolder();
const found = await prometheusTools(join(folder, 'package'));
if (typeof found === 'string') process.stderr.write(`Alerts are not tested: ${found}\n`);
const tools = found as PrometheusTools;
const whereItIs = typeof found === 'string' ? describe.skip : describe;

/** Values every 15 s, in Prometheus's own notation: `0x3 1x10` is four times 0, then eleven times 1. */
type Series = Record<string, string>;
interface Case {
  what: string;
  series: Series;
  /** What fires, all of it, at these times. */
  firing: Record<string, string[]>;
}

const STEADY = '5+0x500';
const PATH = 'path="batch"';
/** A counter that grows so much at each scrape from the fourth on. */
const growing = (by: number, rounds = 500) => `0x3 0+${by}x${rounds}`;
const trouble = (reason: string, values: string): Series => ({
  [`quire_model_trouble{reason="${reason}"}`]: values,
});
const ended = (outcome: string, values: string): Series => ({
  [`quire_documents_total{${PATH},outcome="${outcome}"}`]: values,
});
const failed = (cause: string, values: string): Series => ({
  [`quire_failed_documents_total{${PATH},cause="${cause}"}`]: values,
});
const batches = (ok: string, failures: string): Series => ({
  'quire_batch_calls_total{outcome="ok"}': ok,
  'quire_batch_calls_total{outcome="failed"}': failures,
});
/** Every document fails over answers that nobody can use: ten a second, or few. */
const garbage: Series = {
  ...ended('failed', growing(150)),
  ...ended('completed', STEADY),
  ...failed('model', growing(150)),
  quire_documents_failed_in_a_row: growing(150),
  ...batches(STEADY, growing(600)),
  batch_failure_rate: '0x3 1x500',
  [`quire_failed_pages_total{${PATH},reason="not_json"}`]: growing(600),
  [`quire_llm_calls_total{${PATH},purpose="first"}`]: growing(600),
  'quire_rollback_state{state="open"}': '0x4 1x500',
};

const CASES: Case[] = [
  {
    what: 'a refused key, with a document an hour',
    series: {
      ...trouble('not_authorised', '0x3 1x500'),
      ...ended('failed', '0x3 1x500'),
      ...failed('model', '0x3 1x500'),
      quire_documents_failed_in_a_row: '0x3 1x500',
    },
    firing: { '1m': [], '3m': ['QuireModelRefusesKey'], '100m': ['QuireModelRefusesKey'] },
  },
  {
    what: 'a refused key, with ten documents a second',
    series: {
      ...trouble('not_authorised', '0x3 1x500'),
      ...ended('failed', growing(150)),
      ...failed('model', growing(150)),
      quire_documents_failed_in_a_row: growing(150),
      [`quire_failed_pages_total{${PATH},reason="not_authorised"}`]: growing(600),
      [`quire_llm_calls_total{${PATH},purpose="first"}`]: growing(1_200),
      [`quire_llm_failed_calls_total{${PATH},reason="not_authorised"}`]: growing(1_200),
    },
    firing: { '3m': ['QuireModelRefusesKey'], '30m': ['QuireModelRefusesKey'] },
  },
  {
    what: 'a key that most calls are refused with',
    series: {
      ...trouble('not_authorised', '0x500'),
      [`quire_llm_calls_total{${PATH},purpose="first"}`]: growing(100),
      [`quire_llm_failed_calls_total{${PATH},reason="not_authorised"}`]: growing(70),
    },
    firing: { '3m': ['QuireModelRefusesKey'] },
  },
  {
    what: 'a quota that is used up',
    series: trouble('quota_exhausted', '0x3 1x500'),
    firing: { '3m': ['QuireModelQuota'] },
  },
  {
    what: 'a model service that is down, and one that was for a moment, an hour ago',
    series: {
      ...trouble('server_error', '0x3 1x500'),
      [`quire_llm_failed_calls_total{${PATH},reason="server_error"}`]: '0x3 0+3x20 60x400',
    },
    firing: { '4m': ['QuireModelDown'], '60m': [] },
  },
  {
    what: 'one document that failed in a short outage of the model service',
    series: {
      ...trouble('connection', '0x3 1x500'),
      [`quire_llm_failed_calls_total{${PATH},reason="connection"}`]: '0x3 6x500',
      ...ended('failed', '0x3 1x500'),
      ...failed('model', '0x3 1x500'),
      quire_documents_failed_in_a_row: '0x3 1x500',
    },
    firing: { '2m': [], '3m': [], '4m': [], '60m': [] },
  },
  {
    what: 'a database that is stopped, and one that restarts',
    series: {
      'quire_store_trouble{trouble="unreachable"}': '0x3 1x500',
      'quire_store_trouble{trouble="unreachable",instance="other"}': '0x3 1x1 0x500',
    },
    firing: { '1m': [], '3m': ['QuireStoreDown'] },
  },
  {
    what: 'a full disk that one upload met',
    series: { 'quire_store_failures_total{trouble="disk_full"}': '0x3 1x500' },
    firing: { '3m': ['QuireStoreFull'], '30m': [] },
  },
  {
    what: 'garbage, with ten documents a second: it is not the batches',
    series: garbage,
    firing: {
      '3m': ['QuireDocumentsFailing'],
      '12m': ['QuireDocumentsFailing'],
      '30m': ['QuireDocumentsFailing'],
    },
  },
  {
    what: 'garbage, with a document an hour',
    series: {
      ...failed('model', '0x3 1x240 2x240 3x500'),
      ...ended('failed', '0x3 1x240 2x240 3x500'),
      quire_documents_failed_in_a_row: '0x3 1x240 2x240 3x500',
    },
    firing: { '30m': [], '100m': [], '124m': ['QuireDocumentsFailing'] },
  },
  {
    what: 'files that nobody can read',
    series: { ...ended('failed', growing(10)), ...failed('file', growing(10)) },
    firing: { '3m': [], '30m': [] },
  },
  {
    what: 'a third of the documents failing',
    series: {
      ...ended('failed', growing(50)),
      ...ended('completed', growing(100)),
      ...failed('unexpected', growing(50)),
      quire_documents_failed_in_a_row: '0 1 0 2 0 1x500',
    },
    firing: { '3m': [], '30m': [] },
  },
  {
    what: 'batches alone failing',
    series: {
      ...batches(growing(100), growing(10)),
      ...ended('completed', growing(20)),
      batch_failure_rate: '0x3 0.1x500',
      'quire_rollback_state{state="open"}': '0x40 1x500',
    },
    firing: {
      '9m': ['QuireBatchFailuresWithoutRollback'],
      '14m': ['QuireBatchFailures', 'QuireRollbackOpen'],
    },
  },
  {
    what: 'batches that failed in an outage, for an hour after it',
    series: {
      ...garbage,
      ...ended('failed', '0x3 0+150x20 3000x400'),
      ...ended('completed', '0x24 0+150x400'),
      ...failed('model', '0x3 0+150x20 3000x400'),
      quire_documents_failed_in_a_row: '0x3 0+150x20 0x400',
      ...batches('0x24 0+600x400', '0x3 0+600x20 12000x400'),
      batch_failure_rate: '0x3 1x20 0x400',
      [`quire_failed_pages_total{${PATH},reason="not_json"}`]: '0x3 0+600x20 12000x400',
      'quire_rollback_state{state="open"}': '0x4 1x60 0x400',
    },
    firing: { '5m': ['QuireDocumentsFailing'], '12m': [], '40m': [], '64m': [], '80m': [] },
  },
];

const withTarget = (name: string) => {
  const [, metric = '', labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(name) ?? [];
  const target = labels.includes('instance=') ? 'job="quire"' : 'job="quire",instance="one"';
  return `${metric}{${labels}${labels && ','}${target}}`;
};

whereItIs('docs/prometheus-alerts.yml', () => {
  test('is taken by Prometheus', () => promtool(tools, 'check', 'rules', RULES));

  test.each(CASES)('tells of $what', async ({ what, series, firing }) => {
    const file = join(folder, `${what.replace(/\W+/g, '-')}.yml`);
    const unit = {
      rule_files: [RULES],
      evaluation_interval: '15s',
      tests: [
        {
          interval: '15s',
          input_series: Object.entries({ up: '1x500', ...series }).map(([name, values]) => ({
            series: withTarget(name),
            values,
          })),
          promql_expr_test: Object.entries(firing).map(([at, names]) => ({
            expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
            eval_time: at,
            exp_samples: names.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 })),
          })),
        },
      ],
    };
    await writeFile(file, JSON.stringify(unit));
    await promtool(tools, 'test', 'rules', file);
  });

  test('names each outage of a real process, and blames nothing else', async () => {
    const token = 'token-of-ops-0123456789';
    const provider = await Provider.start({ read: () => [] });
    const postgres = await Postgres.start();
    const host = new Host({
      QUIRE_DATABASE_URL: postgres.url,
      OPENAI_API_KEY: 'test',
      OPENAI_MODEL: 'test-model',
      OPENAI_BASE_URL: provider.baseURL,
      QUIRE_PLAN: 'batch 2x3',
      OPS_TOKEN: token,
    });
    await host.start();
    const prometheus = await Prometheus.start(tools, {
      folder: join(folder, 'prometheus'),
      rules: RULES,
      token,
      target: new URL(host.base).host,
    });
    let sent = 0;
    const upload = async () => {
      const pages = [1, 2, 3].map((page) => ({ texts: lines(`Document ${sent} sheet ${page}`) }));
      sent++;
      return host.upload(await makePdf(pages));
    };
    /** Waits for exactly these alerts, with an upload now and then, and says how long that took. */
    const firing = async (names: string[], every?: () => Promise<unknown>) => {
      const begun = performance.now();
      let now = await prometheus.firing();
      while (now.join() !== names.join()) {
        expect(names).toEqual(expect.arrayContaining(now.filter((name) => name !== 'QuireMemory')));
        await every?.();
        await sleep(500);
        now = await prometheus.firing();
      }
      const seconds = Math.round((performance.now() - begun) / 1_000);
      if (names.length > 0) process.stderr.write(`${names.join()}: after ${seconds} s\n`);
    };
    try {
      await host.finished((await upload()).id);
      await firing([]);

      provider.behaviour.fault = () => ({ status: 401, code: 'invalid_api_key' });
      await upload();
      await firing(['QuireModelRefusesKey']);
      delete provider.behaviour.fault;
      await upload();
      while ((await prometheus.firing()).length > 0) await sleep(500);

      await postgres.stop();
      await firing(['QuireStoreDown']);
      await postgres.restart();
      while ((await prometheus.firing()).length > 0) await sleep(500);

      provider.behaviour.fault = () => 'prose';
      await firing(['QuireDocumentsFailing'], upload);
    } finally {
      await prometheus.stop();
      await host.kill();
      await postgres.close();
      await provider.close();
    }
  });
});
