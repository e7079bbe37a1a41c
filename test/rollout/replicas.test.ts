import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { systemClock } from '../../src/clock.js';
import { Store, type ProcessingPlan } from '../../src/index.js';
import { NotAllowed } from '../../src/comparison/budget.js';
import type { ComparedField } from '../../src/comparison/compare.js';
import { RunningAgreement } from '../../src/comparison/running-agreement.js';
import { SharedBudget } from '../../src/comparison/shared-budget.js';
import type { BatchPlan } from '../../src/processor/plan.js';
import { AnswerForms } from '../../src/llm/answer-forms.js';
import { AnswerFormChoice } from '../../src/rollout/answer-form.js';
import { Decisions, keptDecision, type KeptDecision } from '../../src/rollout/decision.js';
import { Rollback } from '../../src/rollout/rollback.js';
import { RollbackRules, type RollbackData, type RollbackSettings } from '../../src/rollout/rollback-rules.js';
import { ReplicatedStates } from '../../src/shared-state/replicated-states.js';
import { ManualClock } from '../manual-clock.js';
import { Postgres } from '../postgres.js';
import { newDatabase, runSql } from '../shared.js';
import { SILENT } from '../silent.js';

/** Replicas on one PostgreSQL roll back, probe, compare and spend as one. */

const SETTINGS: RollbackSettings = {
  enabled: true,
  batchFailures: 0.01,
  falseAlarmDocuments: 20_000,
  retryMs: 1,
};
const PLAN: BatchPlan = { path: 'batch', batchSize: 2, maxWorkers: 3 };
const SAME: ComparedField = {
  scope: 'page',
  account: '1',
  page: 1,
  field: 'f',
  outcome: 'same',
  control: 'a',
  candidate: 'a',
};

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface ReplicaOptions {
  settings?: Partial<RollbackSettings>;
  /** Whether it is told of changes. */
  listens?: boolean;
  /** Whether time passes, so that it looks for them by itself. */
  looks?: boolean;
}

/** What a process makes of the rollout, with a store of its own. */
async function replica(url: string, { settings = {}, listens = true, looks = true }: ReplicaOptions = {}) {
  const store = await Store.open({ url });
  const troubles: unknown[] = [];
  const changes: string[] = [];
  const states = new ReplicatedStates(
    (error) => troubles.push(error),
    looks ? systemClock : new ManualClock(),
  );
  const agreement = new RunningAgreement(0.99, (initial) => states.state('agreement/1', initial));
  const rollback = new Rollback(
    { ...SETTINGS, ...settings },
    (plan) => agreement.isLow(plan),
    ({ to, cause }) => void changes.push(`${to}: ${cause}`),
    (initial) => states.state('rollback/1', initial),
  );
  const forms = new AnswerForms();
  const decisions = new Decisions({
    flags: { evaluate: () => ({ enabled: true, payload: '{"batchSize": 2, "maxWorkers": 3}' }) },
    rollback,
    fixedPlan: undefined,
    autoPlan: () => PLAN,
    forceSinglePage: false,
    logger: SILENT,
    answerForms: new AnswerFormChoice(forms, () => undefined),
  });
  const budget = new SharedBudget(5, () => Promise.resolve(store.shared.spending));
  if (listens) {
    const listener = new Client(url);
    listener.on('notification', () => states.changed());
    await listener.connect();
    await listener.query('LISTEN quire_states');
    closing.push(() => listener.end());
  }
  await states.connect(store.shared.states);
  closing.push(async () => {
    await states.close();
    await store.close();
  });
  return { agreement, budget, changes, decisions, forms, rollback, states, store, troubles };
}
type Replica = Awaited<ReturnType<typeof replica>>;

async function replicas(options: ReplicaOptions = {}): Promise<[Replica, Replica, Replica]> {
  const url = await newDatabase();
  return [await replica(url, options), await replica(url, options), await replica(url, options)];
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10);
}

/** A document of five batch calls, of which so many fail. */
function read({ rollback }: Pick<Replica, 'rollback'>, failed: number): void {
  const admission = rollback.admit(PLAN);
  if (!admission) throw new Error('The document was not let in');
  for (let call = 0; call < 5; call++) admission.onBatch(call < failed ? 'not_json' : null);
  admission.done();
}

async function keptRollback({ store }: Replica): Promise<RollbackData> {
  const { states } = await store.shared.states.changed(new Map());
  const kept = states.find(({ name }) => name === 'rollback/1');
  return JSON.parse(kept?.text ?? 'null') as RollbackData;
}

describe('a rollback tripped on one replica', () => {
  test.each([
    ['told of it', { looks: false }],
    ['that have to look', { listens: false }],
  ])('holds on others %s, each of which tells of it once', async (_, options) => {
    const [one, two, three] = await replicas({ ...options, settings: { retryMs: 3_600_000 } });
    read(one, 5);
    await until(() => [two, three].every(({ rollback }) => rollback.evidence === evidenceAfter(1)));
    while (one.rollback.state === 'closed') read(one, 5);
    await until(() => [two, three].every(({ rollback }) => rollback.state === 'open'));
    expect([two, three].map(({ rollback }) => rollback.admit(PLAN))).toEqual([null, null]);
    await until(() => one.changes.length > 0);
    for (const { changes } of [one, two, three]) expect(changes).toEqual(['open: batch_failures']);
    expect(two.rollback.changes).toEqual(one.rollback.changes);
  });

  test('holds for one that comes later, which does not tell of it', async () => {
    const url = await newDatabase();
    const first = await replica(url, { settings: { retryMs: 3_600_000 } });
    while (first.rollback.state === 'closed') read(first, 5);
    await until(() => first.changes.length > 0);
    const later = await replica(url);
    expect({ state: later.rollback.state, changes: later.changes }).toEqual({ state: 'open', changes: [] });
  });
});

describe('documents on several replicas', () => {
  test('add up to the evidence that one process has of them', async () => {
    const all = await replicas();
    const alone = new Rollback(
      SETTINGS,
      () => false,
      () => undefined,
    );
    for (let index = 0; index < 60; index++) {
      const failed = index % 10 === 3 ? 1 : 0;
      const at = all[index % 3];
      if (!at) throw new Error('There are three');
      read({ rollback: alone }, failed);
      read(at, failed);
      // The next one only when this one is known to all: in this order.
      await until(() => all.every(({ rollback }) => rollback.evidence === alone.evidence));
    }
    expect(alone.evidence).toBeGreaterThan(0);
  });

  test('are one alarm, at the document at which it would be one in one process', async () => {
    const all = await replicas({ settings: { retryMs: 3_600_000 } });
    for (const [index, at] of [...all, ...all].slice(0, 4).entries()) {
      await until(() => at.rollback.state === 'closed' && at.rollback.evidence === evidenceAfter(index));
      read(at, 5);
    }
    await until(() => all.every(({ changes }) => changes.length > 0));
    for (const { changes } of all) expect(changes).toEqual(['open: batch_failures']);
  });

  test('that end all at once lose no evidence', async () => {
    const all = await replicas();
    for (let document = 0; document < 90; document++) all.forEach((each) => read(each, 0));
    const rules = new RollbackRules(SETTINGS);
    let expected = rules.initial;
    for (let document = 0; document < 270; document++) {
      expected = rules.ended(expected, { count: 0, probe: null }, 0, { now: 0, at: '' });
    }
    await until(() => all.every(({ rollback }) => rollback.evidence === rules.evidence(expected)));
    expect((await keptRollback(all[0])).evidences).toEqual(expected.evidences);
  });
});

/** Of documents in which all failed, in one process. */
function evidenceAfter(documents: number): number | null {
  const alone = new Rollback(
    SETTINGS,
    () => false,
    () => undefined,
  );
  for (let document = 0; document < documents; document++) read({ rollback: alone }, 5);
  return alone.evidence;
}

describe('a probe', () => {
  /** What was decided for a document that waits, and has been through the database. */
  const decided = async ({ decisions }: Replica) => {
    const { plan, kept } = await decisions.decideForLater({}, () => Promise.resolve(1));
    return { plan, kept: keptDecision.parse(JSON.parse(JSON.stringify(kept))) };
  };
  const rolledBack = async () => {
    const all = await replicas();
    while (all[0].rollback.state === 'closed') read(all[0], 5);
    await until(() => all.every(({ rollback }) => rollback.state === 'open'));
    return all;
  };

  test('that is let in on one replica ends on another, and leaves room for none meanwhile', async () => {
    const [one, two, three] = await rolledBack();
    const { plan, kept } = await decided(one);
    expect(kept.reason).toBe('probe');
    await until(() => [two, three].every(({ rollback }) => rollback.state === 'half_open'));
    expect([two, three].map(({ rollback }) => rollback.admit(PLAN))).toEqual([null, null]);
    const { admission } = two.decisions.restore(plan, kept);
    for (let call = 0; call < 5; call++) admission?.onBatch('not_json');
    admission?.done();
    await until(() => [one, two, three].every(({ changes }) => changes.at(-1) === 'open: probe_failed'));
  });

  test('that was broken off is waited for no longer once another replica goes on with it', async () => {
    const [one, two, three] = await rolledBack();
    const { plan, kept } = await decided(one);
    await until(() => three.rollback.state === 'half_open');
    expect(two.decisions.resume(plan, kept)).toMatchObject({ reason: 'resumed', admission: null });
    await until(() => three.rollback.admit(PLAN) !== null);
  });

  test('brings batches back for all', async () => {
    const all = await rolledBack();
    for (let document = 0; all[0].rollback.state !== 'closed'; document++) {
      const at = all[document % 3] ?? all[0];
      let admission = at.rollback.admit(PLAN);
      for (; !admission; admission = at.rollback.admit(PLAN)) await sleep(5);
      for (let call = 0; call < 5; call++) admission.onBatch(null);
      admission.done();
      await sleep(5);
    }
    await until(() => all.every(({ changes }) => changes.at(-1) === 'closed: recovered'));
  });
});

test('the form of answers is chosen where the document is read', async () => {
  const [one, two] = await replicas();
  const answer = (kept: KeptDecision, at: Replica, plan: ProcessingPlan) => {
    const decision = at.decisions.restore(plan, kept);
    const isLines = decision.plan.path === 'batch' && decision.plan.answerForm !== 'objects';
    for (let call = 0; call < 3; call++) decision.admission?.onBatch(isLines ? 'field_malformed' : null);
    decision.admission?.done();
    return decision;
  };
  const decide = () => one.decisions.decideForLater({}, () => Promise.resolve(undefined));
  while (two.forms.state !== 'objects') {
    const { plan, kept } = await decide();
    answer(kept, two, plan);
  }
  expect(one.forms.state).toBe('lines');
  const { plan, kept } = await decide();
  expect(plan).toEqual(PLAN);
  expect(answer(kept, two, plan)).toMatchObject({
    plan: { ...PLAN, answerForm: 'objects' },
    shadow: { ...PLAN, answerForm: 'objects' },
    reason: 'flag',
  });
});

test('what shadows found on all replicas is one verdict, and none lets the plan in', async () => {
  const all = await replicas();
  const alone = new RunningAgreement(0.99);
  const candidate = new Array<ComparedField>(50).fill(SAME).fill({ ...SAME, outcome: 'different' }, 0, 10);
  const noise = new Array<ComparedField>(50).fill(SAME);
  for (let document = 0; document < 30; document++) {
    for (const { note, noteNoise } of [all[document % 3]?.agreement ?? alone, alone].map(notes)) {
      note(candidate);
      noteNoise(candidate, noise);
    }
  }
  expect(alone.isLow(PLAN)).toBe(true);
  await until(() => all.every(({ agreement }) => agreement.report.fields.noise === 1_500));
  for (const { agreement, rollback } of all) {
    expect(agreement.report).toEqual(alone.report);
    expect({ low: agreement.isLow(PLAN), needsNoise: agreement.needsNoise(PLAN) }).toEqual({
      low: true,
      needsNoise: false,
    });
    expect(rollback.admit(PLAN)).toBeNull();
  }
});

function notes(agreement: RunningAgreement) {
  return {
    note: (fields: ComparedField[]) => agreement.note(PLAN, fields),
    noteNoise: (fields: ComparedField[], noise: ComparedField[]) => agreement.noteNoise(PLAN, fields, noise),
  };
}

describe('the budget of shadows', () => {
  const USD = 1_000_000_000_000n;

  test('is one for all replicas: those that ask at once are never allowed more', async () => {
    const all = await replicas();
    const asked = Array.from({ length: 60 }, async (_, index) => all[index % 3]?.budget.allowance(USD / 4n));
    const answers = await Promise.allSettled(asked);
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
    const refused = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [answer.reason as unknown] : [],
    );
    expect(refused.every((error) => error instanceof NotAllowed && error.why === 'budget')).toBe(true);
  });

  test('has back what a call was not billed, for all', async () => {
    const [one, two] = await replicas();
    const settle = await one.budget.allowance(5n * USD);
    await expect(Promise.resolve(two.budget.allowance(USD))).rejects.toBeInstanceOf(NotAllowed);
    settle(2n * USD);
    await until(() => two.budget.spent === 2);
    expect([one.budget.takeBilled(), two.budget.takeBilled()]).toEqual([2, 0]);
    await two.budget.allowance(3n * USD);
    await expect(Promise.resolve(one.budget.allowance(1n))).rejects.toBeInstanceOf(NotAllowed);
  });

  test('begins anew with the day', async () => {
    const url = await newDatabase();
    const one = await replica(url);
    await one.budget.allowance(5n * USD);
    await runSql(url, `UPDATE quire.shadow_spending SET day = day - 1`);
    await one.budget.allowance(5n * USD);
  });

  test('is refused whole where one call could cost more, or has no price', async () => {
    const [one] = await replicas();
    await expect(Promise.resolve(one.budget.allowance(6n * USD))).rejects.toMatchObject({ why: 'budget' });
    await expect(Promise.resolve(one.budget.allowance(undefined))).rejects.toMatchObject({ why: 'no_price' });
  });
});

test('a change that is made again under its name is made once', async () => {
  const store = await Store.open({ url: await newDatabase() });
  closing.push(() => store.close());
  const { states } = store.shared;
  const add = (text = '0') => String(Number(text) + 1);
  const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()];
  for (const write of [one, one, two, three, two, one]) await states.change('sum', write, add);
  const { states: kept } = await states.changed(new Map());
  expect(kept).toEqual([{ name: 'sum', text: '3', version: 3n }]);
});

describe('a database that restarts', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await Postgres.start();
  });
  afterAll(() => postgres.close());

  test.each(['stop', 'kill'] as const)('(%s) loses no change and doubles none', async (how) => {
    const name = `restarted_${how}`;
    await runSql(postgres.url, `CREATE DATABASE ${name}`);
    const url = new URL(name, postgres.url).href;
    const all = [await replica(url, { listens: false }), await replica(url, { listens: false })];
    const rules = new RollbackRules(SETTINGS);
    let expected = rules.initial;
    const readEverywhere = async (documents: number) => {
      for (let document = 0; document < documents; document++) {
        for (const each of all) {
          read(each, 0);
          expected = rules.ended(expected, { count: 0, probe: null }, 0, { now: 0, at: '' });
        }
        await sleep(1);
      }
    };
    await readEverywhere(20);
    await Promise.all([postgres[how](), readEverywhere(50)]);
    await readEverywhere(5);
    expect(all.every(({ rollback }) => (rollback.evidence ?? 0) > 0)).toBe(true);
    await postgres.restart();
    await readEverywhere(5);
    await until(() => all.every(({ rollback }) => rollback.evidence === rules.evidence(expected)));
    const [one] = all;
    if (one) expect((await keptRollback(one)).evidences).toEqual(expected.evidences);
    // Told once an outage.
    for (const { troubles } of all) expect(troubles).toHaveLength(1);
  });
});
