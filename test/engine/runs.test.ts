import { afterEach, describe, expect, test } from '@jest/globals';
import { Runs, type EngineRun, type RunSettings } from '../../src/engine/runs.js';
import type { UnfinishedDocument } from '../../src/store/unfinished.js';

/** Whose document is read next, and how many one owner may have. */

const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};
const MANY = 1_000;

const all: Runs[] = [];
afterEach(async () => {
  await Promise.all(all.splice(0).map((runs) => runs.close(Promise.resolve())));
});

interface Read {
  run: EngineRun;
  end: () => void;
}

/** Documents that are read until they are told to end; their ids begin with their owner's letter. */
function start(settings: Partial<RunSettings>, idle = () => Promise.resolve()) {
  const begun: string[] = [];
  const waiting: string[] = [];
  const reads = new Map<string, Read>();
  const runs = new Runs(
    { atOnce: 1, pagesOfOwner: MANY, graceMs: 0, ...settings },
    {
      newQueue: () => ({
        run: () => Promise.reject(new Error('no calls are made')),
        stop: () => undefined,
        idle,
      }),
      read: ({ document: { id } }, run) =>
        new Promise((end) => {
          begun.push(id);
          reads.set(id, { run, end });
          if (run.signal.aborted) end();
          run.signal.addEventListener('abort', () => end(), { once: true });
        }),
      onWaiting: (id) => waiting.push(id),
    },
  );
  all.push(runs);
  const readOf = (id: string): Read => {
    const read = reads.get(id);
    if (!read) throw new Error(`${id} is not read`);
    return read;
  };
  return {
    runs,
    begun,
    waiting,
    begin: (id: string, pages?: number) => runs.begin(documentOf(id), pages),
    run: (id: string) => readOf(id).run,
    end: async (id: string) => {
      readOf(id).end();
      await settle();
    },
  };
}

function documentOf(id: string): UnfinishedDocument {
  const document = { id } as UnfinishedDocument['document'];
  return {
    document,
    owner: id.charAt(0),
    sender: {},
    plan: null,
    openings: 0,
    run: 'run',
    decision: undefined,
  };
}

describe('the next document read', () => {
  test('is of the owner whose turn it is, however many another has waiting', async () => {
    const { begin, begun, end } = start({});
    for (let index = 0; index < 100; index++) begin(`A${index}`, 1);
    begin('B', 1);
    await settle();
    expect(begun).toEqual(['A0']);
    await end('A0');
    expect(begun).toEqual(['A0', 'B']);
    await end('B');
    expect(begun).toEqual(['A0', 'B', 'A1']);
  });

  test('is not of an owner who has all places but one', async () => {
    const { begin, begun, waiting, end } = start({ atOnce: 3 });
    for (const id of ['A0', 'A1', 'A2']) begin(id, 1);
    await settle();
    expect(begun).toEqual(['A0', 'A1']);
    expect(waiting).toEqual(['A2']);
    begin('B', 1);
    await settle();
    expect(begun).toEqual(['A0', 'A1', 'B']);
    await end('A1');
    expect(begun).toEqual(['A0', 'A1', 'B', 'A2']);
  });

  test('is not of an owner with enough pages being read; one that is larger is read alone', async () => {
    const { begin, begun, end } = start({ atOnce: 9, pagesOfOwner: 10 });
    begin('A0', 500);
    begin('A1', 9);
    begin('A2', 9);
    begin('A3', 1);
    begin('B', 9);
    await settle();
    expect(begun).toEqual(['A0', 'B']);
    await end('A0');
    expect(begun).toEqual(['A0', 'B', 'A1', 'A2']);
    await end('A1');
    expect(begun).toEqual(['A0', 'B', 'A1', 'A2', 'A3']);
  });

  test('is none of an owner whose pages are not counted yet', async () => {
    const { begin, begun, run } = start({ atOnce: 9, pagesOfOwner: 10 });
    begin('A0');
    begin('A1');
    await settle();
    expect(begun).toEqual(['A0']);
    run('A0').counted(3);
    await settle();
    expect(begun).toEqual(['A0', 'A1']);
  });
});

describe('a document that is put aside', () => {
  test('leaves its place to others, and has one again before it goes on', async () => {
    const { begin, begun, run, end } = start({});
    begin('A0', 1);
    await settle();
    const seen: string[] = [];
    let finish: (result: string) => void = () => undefined;
    const scans = new Promise<string>((resolve) => (finish = resolve));
    const aside = run('A0').aside(() => scans);
    void aside.then((result) => seen.push(result));
    begin('B0', 1);
    begin('A1', 1);
    begin('B1', 1);
    await settle();
    expect(begun).toEqual(['A0', 'B0']);
    finish('read');
    await settle();
    expect(seen).toEqual([]);
    await end('B0');
    expect(begun).toEqual(['A0', 'B0', 'A1']);
    await end('A1');
    await end('B1');
    await aside;
    begin('B2', 1);
    await settle();
    expect(begun).toEqual(['A0', 'B0', 'A1', 'B1']);
    await end('A0');
    expect(begun.at(-1)).toBe('B2');
  });

  test('takes no place when its work fails or it is stopped meanwhile', async () => {
    const { runs, begin, begun, run, end } = start({});
    begin('A0', 1);
    await settle();
    await expect(run('A0').aside(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    begin('B0', 1);
    await settle();
    const held = run('A0').aside(() => Promise.resolve());
    await settle();
    void runs.stop('A0');
    await expect(held).rejects.toThrow();
    begin('C0', 1);
    await end('B0');
    expect(begun).toEqual(['A0', 'B0', 'C0']);
  });
});

describe('a place', () => {
  test('is free again at once when a document is stopped, read or waiting', async () => {
    const { runs, begin, begun } = start({});
    for (const id of ['A0', 'A1']) begin(id, 1);
    await settle();
    void runs.stop('A1');
    await settle();
    expect(runs.has('A1')).toBe(false);
    // It is ended without a place.
    expect(begun).toEqual(['A0', 'A1']);
    void runs.stop('A0');
    await settle();
    expect(runs.has('A0')).toBe(false);
    begin('B0', 1);
    await settle();
    expect(begun.at(-1)).toBe('B0');
  });

  test('is nobody’s any more when all is closed: what waits is ended at once, what is read has its grace', async () => {
    let rest: () => void = () => undefined;
    const idle = new Promise<void>((resolve) => (rest = resolve));
    const { runs, begin, run } = start({ graceMs: 60_000 }, () => idle);
    const all = ['A0', 'A1', 'B0'];
    for (const id of all) begin(id, 1);
    await settle();
    const closed = runs.close(Promise.resolve());
    await settle();
    expect(run('A0').signal.aborted).toBe(false);
    expect(['A1', 'B0'].map((id) => run(id).signal.aborted)).toEqual([true, true]);
    rest();
    await closed;
    expect(all.filter((id) => runs.has(id))).toEqual([]);
  });
});
