import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  ReplicatedStates,
  type KeptState,
  type KeptStates,
} from '../../src/shared-state/replicated-states.js';
import { ManualClock } from '../manual-clock.js';

/** A state that replicas share: what is known of it while it is written, away, or closed. */

/** Keeps states as a database does, and answers when it is let. */
class Keeper implements KeptStates {
  readonly #kept = new Map<string, KeptState>();
  readonly #writes = new Set<string>();
  /** Milliseconds of its clock. */
  at = 5_000_000;
  isAway = false;
  /** Breaks off the answer to so many changes, once they are made. */
  breaksOff = 0;
  /** Answers are held back while these are not resolved. */
  answering: Promise<void> = Promise.resolve();
  telling: Promise<void> = Promise.resolve();

  async changed(known: ReadonlyMap<string, bigint>) {
    await Promise.resolve();
    if (this.isAway) throw new Error('away');
    const states = [...this.#kept.values()].filter(({ name, version }) => known.get(name) !== version);
    await this.telling;
    return { states, at: this.at };
  }

  async change(name: string, write: string, apply: (text: string | undefined) => string): Promise<KeptState> {
    await Promise.resolve();
    if (this.isAway) throw new Error('away');
    const before = this.#kept.get(name);
    const state = this.#writes.has(write) && before ? before : this.#changed(name, before, apply);
    this.#writes.add(write);
    await this.answering;
    if (this.breaksOff-- > 0) throw new Error('broken off');
    return state;
  }

  number(name: string): unknown {
    return JSON.parse(this.#kept.get(name)?.text ?? 'null');
  }

  #changed(name: string, before: KeptState | undefined, apply: (text: string | undefined) => string) {
    const state = { name, text: apply(before?.text), version: (before?.version ?? 0n) + 1n };
    this.#kept.set(name, state);
    return state;
  }
}

const add =
  (amount: number) =>
  (sum: number): number =>
    sum + amount;

let keeper: Keeper;
let clock: ManualClock;
let troubles: unknown[];
beforeEach(() => {
  keeper = new Keeper();
  clock = new ManualClock();
  troubles = [];
});

function replica() {
  const states = new ReplicatedStates((error) => troubles.push(error), clock);
  const sum = states.state('sum', 0);
  const steps: [number, number][] = [];
  sum.follow((after, before) => void steps.push([before, after]));
  return { states, sum, steps };
}

/** All that can be done now is done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Until somebody looks, or tries again. */
async function later(): Promise<void> {
  clock.moveOn(clock.nextIn ?? 0);
  await settled();
}

test('a change counts here at once, and for others when they look', async () => {
  const [one, two] = [replica(), replica()];
  await one.states.connect(keeper);
  await two.states.connect(keeper);
  one.sum.change(add(3));
  expect([one.sum.current, two.sum.current, keeper.number('sum')]).toEqual([3, 0, null]);
  await settled();
  expect([two.sum.current, keeper.number('sum')]).toEqual([0, 3]);
  await later();
  expect(two.sum.current).toBe(3);
  expect([one.steps, two.steps]).toEqual([[[0, 3]], [[0, 3]]]);
  await Promise.all([one.states.close(), two.states.close()]);
});

test('changes of before it is connected, and while it is away, are made when it can be reached', async () => {
  const { states, sum } = replica();
  sum.change(add(1));
  keeper.isAway = true;
  await expect(states.connect(keeper)).rejects.toThrow('away');
  keeper.isAway = false;
  await states.connect(keeper);
  await settled();
  expect(keeper.number('sum')).toBe(1);
  keeper.isAway = true;
  for (let count = 0; count < 5; count++) {
    sum.change(add(1));
    await later();
  }
  expect([sum.current, keeper.number('sum')]).toEqual([6, 1]);
  keeper.isAway = false;
  await later();
  await later();
  expect([sum.current, keeper.number('sum')]).toEqual([6, 6]);
  // Of each outage once.
  expect(troubles).toHaveLength(1);
  await states.close();
});

test('a change whose answer broke off is not made twice', async () => {
  const { states, sum } = replica();
  await states.connect(keeper);
  keeper.breaksOff = 3;
  sum.change(add(1));
  for (let count = 0; count < 10; count++) await later();
  expect([sum.current, keeper.number('sum'), keeper.breaksOff]).toEqual([1, 1, -1]);
  await states.close();
});

test('a change that is made, but not answered yet, does not count twice where it is looked for', async () => {
  const [one, two] = [replica(), replica()];
  await one.states.connect(keeper);
  await two.states.connect(keeper);
  let answer: (() => void) | undefined;
  keeper.answering = new Promise<void>((resolve) => (answer = resolve));
  one.sum.change(add(1));
  await settled();
  await later();
  expect([one.sum.current, two.sum.current]).toEqual([1, 1]);
  answer?.();
  await settled();
  expect(one.sum.current).toBe(1);
  await Promise.all([one.states.close(), two.states.close()]);
});

test('what was looked up before a change, and arrives after it, is out of date', async () => {
  const [one, two] = [replica(), replica()];
  await one.states.connect(keeper);
  await two.states.connect(keeper);
  two.sum.change(add(1));
  await settled();
  let tell: (() => void) | undefined;
  keeper.telling = new Promise((resolve) => (tell = resolve));
  await later();
  one.sum.change(add(1));
  await settled();
  tell?.();
  await settled();
  expect(one.sum.current).toBe(2);
  await Promise.all([one.states.close(), two.states.close()]);
});

test('what is kept already when a replica comes is no step that it is told of', async () => {
  const one = replica();
  await one.states.connect(keeper);
  one.sum.change(add(4));
  await settled();
  const two = replica();
  await two.states.connect(keeper);
  expect({ current: two.sum.current, steps: two.steps }).toEqual({ current: 4, steps: [] });
  await Promise.all([one.states.close(), two.states.close()]);
});

test('all go by one clock, that of what keeps the state', async () => {
  const { states, sum } = replica();
  await states.connect(keeper);
  expect(sum.now()).toBe(5_000_000);
  clock.moveOn(500);
  expect(sum.now()).toBe(5_000_500);
  keeper.at += 900;
  await later();
  expect(sum.now()).toBe(5_000_900);
  await states.close();
});

test('a change at any moment is written, however near the end of the write before', async () => {
  const { states, sum } = replica();
  await states.connect(keeper);
  for (let turns = 0; turns < 30; turns++) {
    const before = sum.current;
    sum.change(add(1));
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    sum.change(add(1));
    await settled();
    expect(keeper.number('sum')).toBe(before + 2);
  }
  await states.close();
});

describe('closed', () => {
  test('with changes that wait, it writes them first', async () => {
    const { states, sum } = replica();
    await states.connect(keeper);
    sum.change(add(1));
    await states.close();
    expect(keeper.number('sum')).toBe(1);
  });

  test('while it is away, it gives up after two seconds', async () => {
    const { states, sum } = replica();
    await states.connect(keeper);
    keeper.isAway = true;
    sum.change(add(1));
    let isClosed = false;
    void states.close().then(() => (isClosed = true));
    await settled();
    for (const started = clock.now(); clock.now() - started < 2_000;) {
      expect(isClosed).toBe(false);
      await later();
    }
    await later();
    expect(isClosed).toBe(true);
  });
});
