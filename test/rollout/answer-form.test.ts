import { afterEach, describe, expect, test } from '@jest/globals';
import {
  createQuire,
  type Logger,
  type ProcessingPlan,
  type Quire,
  type QuireOptions,
} from '../../src/index.js';
import { AnswerForms } from '../../src/llm/answer-forms.js';
import type { BatchFailure } from '../../src/processor/reading.js';
import type { BatchPlan } from '../../src/processor/plan.js';
import { AnswerFormChoice } from '../../src/rollout/answer-form.js';
import { Decisions } from '../../src/rollout/decision.js';
import { Rollback } from '../../src/rollout/rollback.js';
import { Clock } from '../clock.js';
import { pages } from '../limited-service.js';
import { Provider, type Call } from '../provider.js';
import { seeded } from '../random.js';

/** The form that documents are asked in: by plan, setting or what the model does well, and what is reported of it. */

const PLAN: BatchPlan = { path: 'batch', batchSize: 2, maxWorkers: 3 };
const ROLLBACK = { enabled: true, batchFailures: 0.01, falseAlarmDocuments: 20_000, retryMs: 300_000 };

function choice() {
  const forms = new AnswerForms(seeded(1));
  const states: string[] = [];
  const rollback = new Rollback(
    ROLLBACK,
    () => false,
    () => undefined,
  );
  const chosen = new AnswerFormChoice(forms, ({ to }) => void states.push(to));
  /** A document whose batches come out like this, by its form. */
  const read = (outcome: (form: string) => BatchFailure | null, plan: BatchPlan = PLAN) => {
    const admission = rollback.admit(plan);
    if (!admission) throw new Error('The document was not let in');
    const asked = chosen.admitted(plan, admission);
    for (let batch = 0; batch < 3; batch++) {
      asked.admission.onBatch(outcome(asked.plan.answerForm ?? 'lines'));
    }
    asked.admission.done();
    return asked.plan;
  };
  return { forms, states, rollback, chosen, read };
}

describe('batches that say something of the form', () => {
  test.each<BatchFailure>(['page_missing', 'not_json', 'field_malformed', 'value_slipped', 'refused'])(
    'are those whose answer needed salvage: %s',
    (failure) => {
      const { forms, read } = choice();
      for (let document = 0; document < 3; document++) read(() => failure);
      expect(forms.state).toBe('trial');
    },
  );

  test.each<BatchFailure>([
    'timeout',
    'server_error',
    'rate_limited',
    'too_large',
    'quota_exhausted',
    'moderation',
  ])('are not those of the service: %s', (failure) => {
    const { forms, read } = choice();
    for (let document = 0; document < 3; document++) read(() => failure);
    expect(forms.state).toBe('lines');
    expect(forms.seen.lines).toEqual({ documents: 0, salvage_rate: null });
  });
});

test('a plan names its form from a trial on, and none before', () => {
  const { states, read } = choice();
  const plans = Array.from({ length: 40 }, () => read((form) => (form === 'lines' ? 'not_json' : null)));
  expect(states).toEqual(['trial', 'objects']);
  expect(plans.slice(0, 3)).toEqual([PLAN, PLAN, PLAN]);
  const tried = plans.slice(3, 31).map(({ answerForm }) => answerForm);
  for (let pair = 0; pair < 14; pair++) {
    expect(tried.slice(2 * pair, 2 * pair + 2).toSorted()).toEqual(['lines', 'objects']);
  }
  expect(plans.slice(31)).toEqual(Array(9).fill({ ...PLAN, answerForm: 'objects' }));
});

test('a plan that names its form keeps it, and is not watched', () => {
  const { forms, read } = choice();
  for (let document = 0; document < 3; document++) {
    expect(read(() => 'not_json', { ...PLAN, answerForm: 'lines' }).answerForm).toBe('lines');
  }
  expect(forms.state).toBe('lines');
  for (let document = 0; document < 40; document++)
    read((form) => (form === 'lines' ? 'field_malformed' : null));
  expect(forms.state).toBe('objects');
  expect(read(() => null, { ...PLAN, answerForm: 'lines' }).answerForm).toBe('lines');
});

describe('the automatic rollback', () => {
  test('is not set off by lines on trial', () => {
    const { rollback, states, read } = choice();
    for (let document = 0; document < 60; document++) read((form) => (form === 'lines' ? 'not_json' : null));
    expect({ states, rollback: rollback.state }).toEqual({
      states: ['trial', 'objects'],
      rollback: 'closed',
    });
  });

  test('that documents under way set off ends by those in objects', () => {
    const clock = new Clock();
    const { forms, states, rollback, chosen, read } = choice();
    const underWay = Array.from({ length: 20 }, () => {
      const admission = rollback.admit(PLAN);
      return admission && chosen.admitted(PLAN, admission).admission;
    });
    for (const admission of underWay) {
      admission?.onBatch('not_json');
      admission?.done();
    }
    expect({ rollback: rollback.state, form: forms.state }).toEqual({ rollback: 'open', form: 'trial' });
    clock.moveOn(300_000);
    for (let document = 0; document < 40; document++) read((form) => (form === 'lines' ? 'not_json' : null));
    clock.restore();
    expect({ states, rollback: rollback.state }).toEqual({
      states: ['trial', 'objects'],
      rollback: 'closed',
    });
  });

  test('is set off by batches that fail in both forms, after five documents', () => {
    const { rollback, read } = choice();
    for (let document = 0; document < 5 && rollback.state === 'closed'; document++) read(() => 'not_json');
    expect(rollback.state).toBe('open');
  });
});

test('a shadow is asked in objects where lines were left, and takes no turn in a trial', () => {
  const { forms, chosen, read } = choice();
  const answer = (form: string) => (form === 'lines' ? 'not_json' : null);
  while (forms.state === 'lines') read(answer);
  expect([chosen.unwatched(PLAN), chosen.unwatched(PLAN)]).toEqual([PLAN, PLAN]);
  while (forms.state === 'trial') read(answer);
  expect(chosen.unwatched(PLAN)).toEqual({ ...PLAN, answerForm: 'objects' });
});

test('a document that goes on keeps its form', () => {
  const { forms, chosen, read, rollback } = choice();
  while (forms.state !== 'objects') read((form) => (form === 'lines' ? 'not_json' : null));
  const decisions = new Decisions({
    flags: { evaluate: () => ({ enabled: false }) },
    rollback,
    fixedPlan: PLAN,
    autoPlan: () => PLAN,
    answerForms: chosen,
    forceSinglePage: false,
    logger: { info: () => 0, warn: () => 0, error: () => 0 },
  });
  expect(decisions.decide({}).plan).toEqual({ ...PLAN, answerForm: 'objects' });
  expect(decisions.resume(PLAN).plan).toEqual(PLAN);
  expect(decisions.resume({ ...PLAN, answerForm: 'lines' }).plan).toEqual({ ...PLAN, answerForm: 'lines' });
});

describe('a model that writes lines badly', () => {
  const closing: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of closing.splice(0).reverse()) await each.close();
  });

  async function start(options: Pick<QuireOptions, 'plan' | 'settings'>) {
    const provider = await Provider.start({
      read: ({ text }) => [{ name: 'Words', value: text.slice(0, 20), confidence: 90 }],
      fault: (call) => (call.answerForm === 'lines' ? 'missing page' : undefined),
    });
    const log: (Record<string, unknown> & { message: string })[] = [];
    const logger: Logger = {
      info: () => undefined,
      error: () => undefined,
      warn: (fields, message) => void log.push({ ...fields, message }),
    };
    const quire = await createQuire({ openai: provider.client(), model: 'test-model', logger, ...options });
    closing.push(provider, quire);
    return { provider, log, quire };
  }

  const readAll = async (quire: Quire, documents: number) => {
    const plans: ProcessingPlan[] = [];
    for (let document = 0; document < documents; document++) {
      plans.push((await quire.processPages(pages(4))).plan);
    }
    return plans;
  };
  const formsOf = (calls: readonly Call[]) => new Set(calls.map(({ answerForm }) => answerForm));

  test('is asked for objects from then on, and the log tells the model, both rates and the documents', async () => {
    const { provider, log, quire } = await start({ plan: PLAN });
    await readAll(quire, 31);
    expect(log).toEqual([
      {
        model: 'test-model',
        answer_form: 'trial',
        message: expect.stringContaining('need salvage'),
        lines: { documents: 3, salvage_rate: 1 },
        objects: { documents: 0, salvage_rate: null },
      },
      {
        model: 'test-model',
        answer_form: 'objects',
        message: expect.stringContaining('lines do worse'),
        lines: { documents: 14, salvage_rate: 1 },
        objects: { documents: 14, salvage_rate: 0 },
      },
    ]);
    provider.calls.length = 0;
    const [plan] = await readAll(quire, 1);
    expect(plan).toEqual({ ...PLAN, answerForm: 'objects' });
    expect(formsOf(provider.calls)).toEqual(new Set(['objects']));
  });

  test.each([
    ['the plan', { plan: { ...PLAN, answerForm: 'lines' } as const }],
    ['the setting', { plan: PLAN, settings: { LLM_ANSWER_FORM: 'lines' } as const }],
  ])('is asked for lines all the same where %s says so', async (_, options) => {
    const { provider, log, quire } = await start(options);
    await readAll(quire, 31);
    expect(log).toEqual([]);
    expect(formsOf(provider.calls)).toEqual(new Set(['lines']));
  });
});
