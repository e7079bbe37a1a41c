import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { z } from 'zod';
import type { CallEnded } from '../../src/llm/call.js';
import { FAILURE_REASONS } from '../../src/llm/failure-reason.js';
import type { ProcessingPlan } from '../../src/processor/plan.js';
import type { ComparedField, ComparisonKind } from '../../src/comparison/compare.js';
import { Metrics } from '../../src/observability/metrics.js';
import type { RollbackState } from '../../src/rollout/rollback-rules.js';
import type { ShadowOutcome } from '../../src/comparison/shadow.js';
import { STORE_TROUBLES } from '../../src/store/database.js';

const read = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

/** The names of the plan and their targets; a threshold may lie just over one that is met exactly. */
const TARGETS = {
  avg_processing_time_seconds: 12,
  llm_calls_per_document: 5,
  cost_per_document: 0.0775,
  documents_per_hour: 360,
  batch_failure_rate: 0.01,
  process_cpu_seconds_total: 0.8,
  process_resident_memory_bytes: 500e6,
  quire_llm_sent_bytes_total: 1e6,
};

const ROLLBACKS = ['Full revert', 'Shrink', 'Batch-only'];

/** What Prometheus adds to everything it scrapes. */
const TARGET_LABELS = ['job', 'instance'];

/** Values that labels have; the types of the code are asked for them, because most appear only with the event. */
const LABEL_VALUES = new Map<string, readonly string[]>([
  ['path', ['single-page', 'batch'] satisfies ProcessingPlan['path'][]],
  ['purpose', ['first', 'salvage'] satisfies CallEnded['purpose'][]],
  ['state', ['closed', 'open', 'half_open'] satisfies RollbackState[]],
  ['comparison', ['candidate', 'noise'] satisfies ComparisonKind[]],
  ['scope', ['page', 'merged'] satisfies ComparedField['scope'][]],
  ['outcome', ['same'] satisfies ComparedField['outcome'][]],
  ['outcome of quire_shadow_runs_total', ['budget'] satisfies ShadowOutcome[]],
  ['outcome of quire_batch_calls_total', ['ok', 'failed']],
  ['outcome of quire_documents_total', ['completed', 'failed', 'aborted']],
  ['cause of quire_failed_documents_total', ['file', 'model', 'unexpected']],
  ['reason of quire_model_trouble', FAILURE_REASONS],
  ['reason of quire_llm_failed_calls_total', FAILURE_REASONS],
  ['trouble', STORE_TROUBLES],
  ['alertname', [...read('prometheus-alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)],
  ['alertstate', ['pending', 'firing']],
]);

/** The labels of each series, by the name it is stored under. */
type Published = Map<string, Set<string>>;

/** Asks the code: what the process publishes, and `up` and `ALERTS`, which are of Prometheus itself. */
function publishedMetrics(): Published {
  // The typings of prom-client leave the labels out, and call the types by numbers.
  const registered = z
    .array(z.looseObject({ name: z.string(), type: z.string(), labelNames: z.array(z.string()) }))
    .parse(new Metrics().registry.getMetricsAsArray());
  const published: Published = new Map([
    ['up', new Set(TARGET_LABELS)],
    ['ALERTS', new Set(['alertname', 'alertstate', ...TARGET_LABELS])],
  ]);
  for (const { name, type, labelNames } of registered) {
    const labels = [...labelNames, ...TARGET_LABELS];
    if (type === 'histogram') {
      published.set(`${name}_bucket`, new Set([...labels, 'le']));
      published.set(`${name}_sum`, new Set(labels));
      published.set(`${name}_count`, new Set(labels));
    } else published.set(name, new Set(labels));
  }
  return published;
}

const published = publishedMetrics();

/** Every node under one, itself first. */
function* nodesOf(node: SyntaxNode): Generator<SyntaxNode> {
  yield node;
  for (let child = node.firstChild; child; child = child.nextSibling) yield* nodesOf(child);
}

class Expression {
  readonly #root: SyntaxNode;

  constructor(readonly text: string) {
    this.#root = parser.parse(text).topNode;
  }

  /** What the grammar of Prometheus cannot read. */
  get errors(): string[] {
    return [...nodesOf(this.#root)]
      .filter(({ type }) => type.isError)
      .map(({ from }) => `at ${from}: ${this.text.slice(from)}`);
  }

  get metrics(): string[] {
    return this.#named('VectorSelector').map((selector) => this.#nameOf(selector));
  }

  /** Names that are not published, and labels and values that their metric does not have. */
  get unpublished(): string[] {
    const selectors = this.#named('VectorSelector').flatMap((selector) => {
      const name = this.#nameOf(selector);
      const labels = published.get(name);
      if (!labels) return [this.#textOf(selector)];
      return this.#named('UnquotedLabelMatcher', selector)
        .filter((matcher) => !this.#canMatch(name, labels, matcher))
        .map((matcher) => `${name}{${this.#textOf(matcher)}}`);
    });
    // `by (path)` and `on (path)` find nothing in a metric that has no such label.
    const groupings = this.#named('GroupingLabels').flatMap((grouping) => {
      const scope = grouping.parent?.parent;
      const names = scope ? this.#named('VectorSelector', scope).map((node) => this.#nameOf(node)) : [];
      return this.#labelsIn(grouping).flatMap((label) =>
        names.filter((name) => !published.get(name)?.has(label)).map((name) => `(${label}) over ${name}`),
      );
    });
    return [...selectors, ...groupings];
  }

  /** Labels that a result may still have: all of the metrics', or those that an aggregation keeps. */
  get resultLabels(): Set<string> {
    const kept = this.#named('AggregateExpr').flatMap((aggregate) =>
      this.#labelsIn(aggregate.getChild('AggregateModifier') ?? undefined),
    );
    const isAggregated = this.#named('AggregateExpr').length > 0;
    return new Set(isAggregated ? kept : this.metrics.flatMap((name) => [...(published.get(name) ?? [])]));
  }

  #named(type: string, scope = this.#root): SyntaxNode[] {
    return [...nodesOf(scope)].filter(({ name }) => name === type);
  }

  #canMatch(name: string, labels: Set<string>, matcher: SyntaxNode): boolean {
    const label = this.#textOf(matcher.getChild('LabelName'));
    if (TARGET_LABELS.includes(label)) return true;
    const known = LABEL_VALUES.get(`${label} of ${name}`) ?? LABEL_VALUES.get(label) ?? [];
    const values = this.#textOf(matcher.getChild('StringLiteral')).slice(1, -1).split('|');
    return labels.has(label) && values.every((value) => known.includes(value));
  }

  #nameOf(selector: SyntaxNode): string {
    return this.#textOf(selector.getChild('Identifier'));
  }

  #labelsIn(scope: SyntaxNode | undefined): string[] {
    return scope ? this.#named('LabelName', scope).map((node) => this.#textOf(node)) : [];
  }

  #textOf(node: SyntaxNode | null): string {
    return node ? this.text.slice(node.from, node.to) : '';
  }
}

const text = z.string().min(1);
/** A duration as Prometheus writes it: units from long to short, each once. */
const duration = z
  .string()
  .regex(/^(?=\d)(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m(?!s))?(\d+s)?(\d+ms)?$/, 'is no duration');

const rule = z.strictObject({
  alert: z.string().regex(/^Quire[A-Za-z]+$/),
  expr: text,
  for: duration,
  labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
  annotations: z.strictObject({ summary: text, description: text, runbook: text }),
});
const ruleFile = z.strictObject({
  groups: z.array(z.strictObject({ name: text, rules: z.array(rule).min(1) })).min(1),
});

describe('docs/prometheus-alerts.yml', () => {
  const file = ruleFile.parse(parse(read('prometheus-alerts.yml')));
  const rules = file.groups.flatMap(({ rules }) => rules);

  test('groups and alerts are named once', () => {
    expect(repeated(file.groups.map(({ name }) => name))).toEqual([]);
    expect(repeated(rules.map(({ alert }) => alert))).toEqual([]);
  });

  const parsed = rules.map(({ alert, expr, annotations }) => ({
    name: alert,
    expr,
    expression: new Expression(expr),
    ...annotations,
  }));

  test('every expression asks what Prometheus can answer', () => {
    expect(troubles(parsed, ({ expression }) => expression.errors)).toEqual([]);
    expect(troubles(parsed, ({ expression }) => expression.unpublished)).toEqual([]);
    expect(parsed.filter(({ expression }) => expression.metrics.length === 0)).toEqual([]);
  });

  test('every expression watches its own job, without variables of a dashboard', () => {
    expect(parsed.filter(({ expr }) => expr.includes('$'))).toEqual([]);
    for (const { expr, expression } of parsed) {
      expect([expr, expr.match(/job="quire"/g)?.length]).toEqual([expr, expression.metrics.length]);
    }
  });

  const outages = new Set(
    file.groups.find(({ name }) => name === 'quire-causes')?.rules.map(({ alert }) => alert),
  );

  test.each(parsed.filter(({ name }) => !outages.has(name)))(
    '$name says what to do, under a name that docs/rollout.md has',
    ({ description, runbook }) => {
      const named = ROLLBACKS.filter((section) => description.includes(`"${section}"`));
      expect(named.map((section) => `docs/rollout.md#${slug(section)}`)).toContain(runbook);
      expect(headings('rollout.md')).toEqual(expect.arrayContaining(named));
    },
  );

  test.each(parsed.filter(({ name }) => outages.has(name)))(
    '$name leads to docs/operations.md and blames no batches',
    ({ summary, description, runbook }) => {
      expect(headings('operations.md').map((heading) => `docs/operations.md#${slug(heading)}`)).toContain(
        runbook,
      );
      const advice = [...ROLLBACKS.map((section) => `"${section}"`), 'smaller', 'flag'];
      expect(advice.filter((words) => `${summary} ${description}`.includes(words))).toEqual([]);
    },
  );

  test('annotations mention only labels that the result has', () => {
    const unknown = troubles(parsed, ({ summary, description, expression }) =>
      [...`${summary}${description}`.matchAll(/\$labels\.(\w+)/g)]
        .map(([, label = '']) => label)
        .filter((label) => !expression.resultLabels.has(label)),
    );
    expect(unknown).toEqual([]);
  });
});

const datasource = z.object({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });
const gridPos = z.strictObject({
  x: z.int().min(0).max(23),
  y: z.int().min(0),
  w: z.int().min(1).max(24),
  h: z.int().min(1),
});
const panelRow = z.object({
  id: z.int().positive(),
  type: z.literal('row'),
  title: z.string().endsWith('?'),
  collapsed: z.literal(false),
  gridPos,
  panels: z.array(z.never()),
});
const panel = z.object({
  id: z.int().positive(),
  type: z.enum(['timeseries', 'stat', 'state-timeline']),
  title: text,
  description: z.string().endsWith('.'),
  datasource,
  gridPos,
  targets: z.array(z.object({ refId: text, datasource, expr: text, legendFormat: text })).min(1),
  fieldConfig: z.object({
    defaults: z.object({
      unit: text,
      thresholds: z.object({
        steps: z
          .array(z.object({ color: text, value: z.number().nullable() }))
          .min(1)
          .refine(([first, ...rest]) => first?.value === null && isRising(rest.map(({ value }) => value))),
      }),
    }),
  }),
});
const variable = z.object({
  name: text,
  type: z.enum(['datasource', 'query', 'interval', 'custom']),
  query: z.union([text, z.object({ query: text })]),
  datasource: datasource.optional(),
  options: z.array(z.object({ value: text, selected: z.boolean() })),
});
const annotation = z.union([
  z.object({ builtIn: z.literal(1) }),
  z.object({ name: text, datasource, expr: text, textFormat: text }),
]);
const dashboardFile = z.object({
  __inputs: z.array(z.never()),
  id: z.null(),
  uid: z.string().max(40),
  title: text,
  schemaVersion: z.int().min(39),
  panels: z.array(z.discriminatedUnion('type', [panelRow, panel])),
  templating: z.object({ list: z.array(variable) }),
  annotations: z.object({ list: z.array(annotation) }),
});

/** What Grafana puts in by itself, for an expression to be read without it. */
const BUILT_IN = { __rate_interval: '5m', __interval: '1m', __range: '6h' };

describe('docs/grafana-dashboard.json', () => {
  const dashboard = dashboardFile.parse(JSON.parse(read('grafana-dashboard.json')));
  const variables = dashboard.templating.list;
  const panels = dashboard.panels.filter((one) => one.type !== 'row');
  const values = new Map([
    ...Object.entries(BUILT_IN),
    ...variables.map(({ name, options }) => [name, options[0]?.value ?? '.*'] as const),
  ]);

  /** Variables that nobody sets stay, and no expression may have a `$`. */
  const substituted = (expr: string) =>
    new Expression(expr.replace(/\$(\w+)/g, (all, name: string) => values.get(name) ?? all));

  test('panels are numbered once and do not overlap within 24 columns', () => {
    expect(repeated(dashboard.panels.map(({ id }) => String(id)))).toEqual([]);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from(
        { length: w * h },
        (_, cell) => `column ${x + (cell % w)}, line ${y + Math.floor(cell / w)}`,
      ),
    );
    expect(repeated(cells)).toEqual([]);
    expect(dashboard.panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });

  test('every row asks a question, and panels that answer it follow', () => {
    const inOrder = dashboard.panels.toSorted((a, b) => a.gridPos.y - b.gridPos.y);
    expect(inOrder.map(({ type }) => (type === 'row' ? 'R' : 'p')).join('')).toMatch(/^(Rp+)+$/);
  });

  test('it imports anywhere: the data source is a variable', () => {
    expect(variables.find(({ name }) => name === 'datasource')).toMatchObject({
      type: 'datasource',
      query: 'prometheus',
    });
    expect(variables.filter(({ type, datasource }) => type === 'query' && !datasource)).toEqual([]);
    expect(repeated(variables.map(({ name }) => name))).toEqual([]);
  });

  test('variables are looked up in metrics that are published', () => {
    const queries = variables.flatMap(({ query }) => (typeof query === 'string' ? [] : [query.query]));
    for (const query of queries) {
      const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
      expect(substituted(selector)).toMatchObject({ errors: [], unpublished: [] });
      expect(published.get(substituted(selector).metrics.join())).toContain(label);
    }
    expect(queries).not.toEqual([]);
  });

  test('annotations mark what is published', () => {
    const expressions = dashboard.annotations.list.flatMap((one) => ('expr' in one ? [one.expr] : []));
    expect(expressions.flatMap((expr) => substituted(expr).errors)).toEqual([]);
    expect(expressions.flatMap((expr) => substituted(expr).unpublished)).toEqual([]);
    expect(expressions.filter((expr) => substituted(expr).text.includes('$'))).toEqual([]);
  });

  const targets = panels.flatMap(({ title, targets }) =>
    targets.map(({ expr, legendFormat }) => ({
      name: title,
      expr,
      legendFormat,
      expression: substituted(expr),
    })),
  );

  test('every expression asks what Prometheus can answer', () => {
    expect(troubles(targets, ({ expression }) => expression.errors)).toEqual([]);
    expect(troubles(targets, ({ expression }) => expression.unpublished)).toEqual([]);
    expect(targets.filter(({ expression }) => expression.metrics.length === 0)).toEqual([]);
    expect(panels.filter((one) => repeated(one.targets.map(({ refId }) => refId)).length > 0)).toEqual([]);
  });

  test('every expression follows the chosen job and instance, and no variable that is not there', () => {
    expect(targets.filter(({ expression }) => expression.text.includes('$'))).toEqual([]);
    for (const { expr, expression } of targets) {
      const chosen = expr.match(/job=~"\$job", instance=~"\$instance"/g)?.length;
      expect([expr, chosen]).toEqual([expr, expression.metrics.length]);
    }
  });

  test('every line is named by labels that it has', () => {
    const unknown = troubles(targets, ({ legendFormat, expression }) =>
      [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)]
        .map(([, label = '']) => label)
        .filter((label) => !expression.resultLabels.has(label)),
    );
    expect(unknown).toEqual([]);
  });

  const asked = panels.map((one) => ({
    metrics: one.targets.flatMap(({ expr }) => substituted(expr).metrics),
    thresholds: one.fieldConfig.defaults.thresholds.steps.map(({ value }) => value),
  }));

  test.each(Object.entries(TARGETS))('a panel of %s has a threshold at its target, %d', (name, target) => {
    const thresholds = asked.flatMap(({ metrics, thresholds }) => (metrics.includes(name) ? thresholds : []));
    expect(thresholds.filter((value) => value !== null && Math.abs(value / target - 1) < 0.02)).not.toEqual(
      [],
    );
  });
});

/** Says of each trouble where it is. */
function troubles<Item extends { name: string }>(items: Item[], find: (item: Item) => string[]): string[] {
  return items.flatMap((item) => find(item).map((trouble) => `${item.name}: ${trouble}`));
}

function repeated(names: readonly string[]): string[] {
  return names.filter((name, i) => names.indexOf(name) !== i);
}

function isRising(values: readonly (number | null)[]): boolean {
  return values.every((value, i) => value !== null && (i === 0 || value > (values[i - 1] ?? -Infinity)));
}

function headings(name: string): string[] {
  return Array.from(read(name).matchAll(/^#+ (.*)$/gm), ([, heading = '']) => heading);
}

/** As GitHub makes the anchor of a heading. */
function slug(heading: string): string {
  return heading.toLowerCase().replaceAll(' ', '-');
}
