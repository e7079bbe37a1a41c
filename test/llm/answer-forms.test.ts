import { describe, expect, test } from '@jest/globals';
import { AnswerForms, type AnswerFormChange } from '../../src/llm/answer-forms.js';
import { FormTrial } from '../../src/llm/form-trial.js';
import type { AnswerForm } from '../../src/llm/wire.js';
import { seeded } from '../random.js';

/** When a model is asked for objects in place of lines, simulated: how often for nothing, and how soon for something. */

type Rates = Record<AnswerForm, number>;

/** A process: documents of so many batches, one after the other, until lines are left. */
function life(seed: number, documents: number, rates: Rates, batches: number) {
  const random = seeded(seed);
  const forms = new AnswerForms(random);
  const changes: (AnswerFormChange & { after: number })[] = [];
  const asked: Rates = { lines: 0, objects: 0 };
  for (let after = 1; after <= documents && forms.state !== 'objects'; after++) {
    const { form, ended } = forms.next();
    asked[form]++;
    let salvaged = 0;
    for (let batch = 0; batch < batches; batch++) if (random() < rates[form]) salvaged++;
    const change = ended(salvaged / batches);
    if (change) changes.push({ ...change, after });
  }
  return { forms, changes, asked };
}

function lives(count: number, documents: number, rates: Rates, batches: number) {
  return Array.from({ length: count }, (_, seed) => life(seed, documents, rates, batches));
}

const leftAfter = ({ forms, changes }: ReturnType<typeof life>) =>
  forms.state === 'objects' ? (changes.at(-1)?.after ?? NaN) : Infinity;

describe('lines that need salvage in 5 % of the batches, and objects in 0.5 %', () => {
  test.each([
    [1, 1_000, 2_000],
    [5, 550, 700],
  ])(
    'are left, in documents of %i batches, after %i documents at the median and %i at most',
    (batches, half, most) => {
      const after = lives(200, 6_000, { lines: 0.05, objects: 0.005 }, batches)
        .map(leftAfter)
        .toSorted((a, b) => a - b);
      expect(after[100]).toBeLessThanOrEqual(half);
      expect(after.at(-1)).toBeLessThanOrEqual(most);
    },
  );

  test('are told with both rates and the documents seen', () => {
    const [begun, left] = life(1, 6_000, { lines: 0.05, objects: 0.005 }, 5).changes;
    expect(begun).toMatchObject({ to: 'trial', seen: { objects: { documents: 0, salvage_rate: null } } });
    const { to, seen, after } = left ?? {};
    expect(to).toBe('objects');
    expect((seen?.lines.documents ?? 0) + (seen?.objects.documents ?? 0)).toBe(
      (after ?? 0) - (begun?.after ?? 0),
    );
    expect(Math.abs((seen?.lines.salvage_rate ?? 0) - 0.05)).toBeLessThan(0.02);
    expect(Math.abs((seen?.objects.salvage_rate ?? 1) - 0.005)).toBeLessThan(0.005);
  });
});

test('lines that never work are left after 31 documents', () => {
  expect(leftAfter(life(1, 100, { lines: 1, objects: 0 }, 3))).toBe(31);
});

describe('lines that do no worse', () => {
  test.each([
    [0.05, 0.05],
    [0.3, 0.3],
    [0.02, 0.1],
  ])('are left in 1 process of 1,000 at most: %d against %d', (lines, objects) => {
    const tried = lives(400, 6_000, { lines, objects }, 1);
    expect(tried.every(({ changes }) => changes[0]?.to === 'trial')).toBe(true);
    expect(tried.filter(({ forms }) => forms.state === 'objects').length).toBeLessThanOrEqual(1);
  });

  test('are asked for again after 2,000 documents of a trial, and not tried anew before ten times as many', () => {
    const { changes, asked } = life(4, 60_000, { lines: 0.1, objects: 0.1 }, 1);
    expect(changes.slice(0, 3).map(({ to }) => to)).toEqual(['trial', 'lines', 'trial']);
    const [begun, ended, again] = changes.map(({ after }) => after);
    expect((ended ?? 0) - (begun ?? 0)).toBeLessThanOrEqual(2_000);
    expect((again ?? 0) - (ended ?? 0)).toBeGreaterThanOrEqual(10 * ((ended ?? 0) - (begun ?? 0)));
    expect(asked.objects / 60_000).toBeLessThan(0.05 + 1_000 / 60_000);
  });

  test('are found so sooner where neither form needs salvage any more', () => {
    const forms = new AnswerForms(seeded(1));
    while (forms.state === 'lines') forms.next().ended(1);
    let documents = 0;
    for (; forms.state === 'trial' && documents < 5_000; documents++) forms.next().ended(0);
    expect(forms.state).toBe('lines');
    expect(documents).toBeLessThan(1_000);
  });
});

test('lines at the rate that is tolerated are tried after 1,000 documents or more, in the mean', () => {
  const first = lives(300, 3_000, { lines: 0.01, objects: 0.01 }, 1).map(
    ({ changes }) => changes[0]?.after ?? 3_000,
  );
  expect(first.reduce((sum, after) => sum + after, 0) / first.length).toBeGreaterThan(1_000);
});

test('a trial judges documents that are given all at once, in the order in which they began', () => {
  const forms = new AnswerForms(seeded(1));
  while (forms.state === 'lines') forms.next().ended(1);
  const turns = Array.from({ length: 3_000 }, () => forms.next());
  const [first, ...others] = turns;
  for (const { form, ended } of others) ended(Number(form === 'lines'));
  // Nothing is judged before the one that came first has ended.
  expect(forms.state).toBe('trial');
  first?.ended(Number(first.form === 'lines'));
  expect(forms.state).toBe('objects');
});

test('a document that was decided before the last change says nothing', () => {
  const forms = new AnswerForms(seeded(1));
  const early = Array.from({ length: 10 }, () => forms.next());
  while (forms.state === 'lines') forms.next().ended(1);
  while (forms.state === 'trial') forms.next().ended(0);
  for (let document = 0; document < 10 * 2_000; document++) forms.next().ended(0);
  for (const { ended } of early) ended(1);
  expect(forms.state).toBe('lines');
  for (let document = 0; document < 10; document++) forms.next().ended(1);
  expect(forms.state).toBe('trial');
});

describe('a trial', () => {
  const STRENGTH = 20;
  const TRIALS = 400;
  const PAIRS = 300;

  /** How many of the trials find lines worse, at any look, of documents that come out by their number alone. */
  function found(shareOf: (document: number, random: () => number) => number, lateBy = 0): number {
    const worse = Array.from({ length: TRIALS }, (_, seed) => {
      const random = seeded(seed);
      const trial = new FormTrial(STRENGTH, random);
      const late: (() => void)[] = [];
      for (let document = 0; document < 2 * PAIRS; document++) {
        const { form, ended } = trial.next();
        const share = shareOf(document, random);
        // Salvage takes longest where answers are longest.
        if (form === 'objects' && share > 0) late.push(() => ended(share));
        else ended(share);
        if (late.length > lateBy) late.shift()?.();
        if (trial.isLinesWorse) return true;
      }
      return false;
    });
    return worse.filter(Boolean).length;
  }

  test.each<[string, (document: number, random: () => number) => number]>([
    ['come out by chance', (_, random) => (random() < 0.2 ? 1 : 0)],
    ['are bad every second time', (document) => (document % 2 === 0 ? 1 : 0)],
    ['grow worse and worse', (document) => document / (2 * PAIRS)],
  ])('of documents that %s finds lines worse as often as it may, whatever the form', (_, shareOf) => {
    expect(found(shareOf)).toBeLessThanOrEqual(TRIALS / STRENGTH);
  });

  test('is not misled by documents that end the later the worse they come out', () => {
    expect(found((_, random) => (random() < 0.2 ? 1 : 0), 40)).toBeLessThanOrEqual(TRIALS / STRENGTH);
  });

  test('goes on where documents say nothing', () => {
    const trial = new FormTrial(STRENGTH, seeded(1));
    for (let document = 0; document < 2_000; document++) {
      const { form, ended } = trial.next();
      ended(document % 5 === 0 ? undefined : Number(form === 'lines'));
    }
    expect(trial.isLinesWorse).toBe(true);
  });
});
