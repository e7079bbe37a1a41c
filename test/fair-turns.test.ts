import { describe, expect, test } from '@jest/globals';
import { FairTurns } from '../src/fair-turns.js';

const never = new AbortController().signal;

/** Work that is under way until it is told to end. */
function work(): { run: () => Promise<void>; end: () => void } {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { run: () => ended, end };
}

/** The order in which turns are given at one place, while they all wait behind the first. */
async function order(asked: readonly { owner: string; document: string }[]): Promise<string[]> {
  const turns = new FairTurns(1);
  const first = work();
  const held = turns.run({ owner: 'first', document: 'first' }, first.run, never);
  const given: string[] = [];
  const all = asked.map(({ owner, document }) =>
    turns.run({ owner, document }, () => Promise.resolve(void given.push(owner + document)), never),
  );
  first.end();
  await Promise.all([held, ...all]);
  return given;
}

const of = (...names: string[]) => names.map((name) => ({ owner: name.charAt(0), document: name.charAt(1) }));

describe('turns are given', () => {
  test('round robin by owner, however many one asks for', async () => {
    expect(await order(of('A1', 'A2', 'A3', 'B1', 'C1'))).toEqual(['A1', 'B1', 'C1', 'A2', 'A3']);
  });

  test('round robin by document of one owner', async () => {
    expect(await order(of('A1', 'A1', 'A1', 'A2', 'B1'))).toEqual(['A1', 'B1', 'A2', 'A1', 'A1']);
  });

  test('in the order in which one document asks', async () => {
    const turns = new FairTurns(1);
    const given: number[] = [];
    const asked = [1, 2, 3].map((n) =>
      turns.run({ owner: 'A', document: '1' }, () => Promise.resolve(void given.push(n)), never),
    );
    await Promise.all(asked);
    expect(given).toEqual([1, 2, 3]);
  });

  test('so many at once', async () => {
    const turns = new FairTurns(2);
    const works = [work(), work(), work()];
    let begun = 0;
    const all = works.map(({ run }, index) =>
      turns.run({ owner: 'A', document: String(index) }, () => (begun++, run()), never),
    );
    await Promise.resolve();
    expect(turns.isTaken).toBe(true);
    expect(begun).toBe(2);
    for (const { end } of works) end();
    await Promise.all(all);
    expect(begun).toBe(3);
    expect(turns.isTaken).toBe(false);
  });
});

test('who stops waiting is passed over, and rejects at once', async () => {
  const turns = new FairTurns(1);
  const [first, last] = [work(), work()];
  const held = turns.run({ owner: 'A', document: '1' }, first.run, never);
  const stop = new AbortController();
  const waits = turns.run(
    { owner: 'B', document: '1' },
    () => Promise.reject(new Error('not run')),
    stop.signal,
  );
  const behind = turns.run({ owner: 'C', document: '1' }, last.run, never);
  stop.abort(new Error('stopped'));
  await expect(waits).rejects.toThrow('stopped');
  first.end();
  last.end();
  await Promise.all([held, behind]);
});

test('work that fails gives its turn back', async () => {
  const turns = new FairTurns(1);
  await expect(
    turns.run({ owner: 'A', document: '1' }, () => Promise.reject(new Error('failed')), never),
  ).rejects.toThrow('failed');
  expect(turns.isTaken).toBe(false);
});

describe('of one owner', () => {
  const asked =
    (turns: FairTurns, given: string[]) => (owner: string, document: string, size?: () => number) => {
      const name = owner + document;
      const waits: string[] = [];
      const taken = turns.take({ owner, document }, never, {
        size: size ?? (() => 1),
        onWait: () => waits.push(name),
      });
      return { waits, taken: taken.then((giveBack) => (given.push(name), giveBack)) };
    };

  test('no more turns are given than it may have, however many are free, and others have theirs', async () => {
    const given: string[] = [];
    const take = asked(new FairTurns(3, { turns: 2, size: Infinity }), given);
    const [first, second, third] = [take('A', '1'), take('A', '2'), take('A', '3')];
    await second.taken;
    expect(third.waits).toEqual(['A3']);
    await take('B', '1').taken;
    expect(given).toEqual(['A1', 'A2', 'B1']);
    (await first.taken)();
    await third.taken;
    expect(first.waits).toEqual([]);
  });

  test('the next turn begins while the others are not too large together; the only one always may', async () => {
    const given: string[] = [];
    const turns = new FairTurns(9, { turns: 9, size: 10 });
    const take = asked(turns, given);
    let counted = 25;
    const large = take('A', '1', () => counted);
    const [second, third] = [take('A', '2', () => 4), take('A', '3', () => 4)];
    await (await large.taken, take('B', '1').taken);
    expect(given).toEqual(['A1', 'B1']);
    counted = 7;
    turns.look();
    await second.taken;
    expect(given).toEqual(['A1', 'B1', 'A2']);
    (await large.taken)();
    await third.taken;
  });

  test('a turn is given back once', async () => {
    const turns = new FairTurns(1);
    const giveBack = await turns.take({ owner: 'A', document: '1' }, never);
    giveBack();
    await turns.take({ owner: 'A', document: '2' }, never);
    giveBack();
    expect(turns.isTaken).toBe(true);
  });
});
