import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createQuire, type AnswerCache } from '../../src/index.js';
import type { Field } from '../../src/llm/wire.js';
import { Provider } from '../provider.js';

/** Documents that a caller gives, with a place where answers are kept. */

let provider: Provider;
beforeEach(async () => {
  provider = await Provider.start({ read: () => [{ name: 'Owner', value: 'Ada', confidence: 90 }] });
});
afterEach(() => provider.close());

const PAGES = { 1: 'Account Number: 12345678\nOwner Ada', 2: 'Page two\nOwner Ada' };

function newCache(): AnswerCache & { keys: () => number } {
  const kept = new Map<string, Field[]>();
  return {
    keys: () => kept.size,
    find: (keys) =>
      Promise.resolve(new Map(keys.flatMap((key) => (kept.has(key) ? [[key, kept.get(key) ?? []]] : [])))),
    keep: (answers) => {
      for (const { key, fields } of answers) kept.set(key, fields);
      return Promise.resolve();
    },
  };
}

const quireOnProvider = () => createQuire({ openai: provider.client(), model: 'test-model' });

test('what was answered is not asked again', async () => {
  const quire = await quireOnProvider();
  const answers = newCache();
  const first = await quire.processPages(PAGES, { requestId: 'a', answers });
  const again = await quire.processPages(PAGES, { requestId: 'a', answers });
  await quire.close();
  expect(provider.calls).toHaveLength(2);
  expect(again.accounts).toEqual(first.accounts);
});

test('closing waits for the call under way, keeps its answer and makes no other', async () => {
  const quire = await quireOnProvider();
  const answers = newCache();
  let answer: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (answer = resolve));
  provider.behaviour.delay = () => held;
  const reading = quire.processPages(PAGES, { requestId: 'a', answers });
  const ended = expect(reading).rejects.toThrow('Quire was closed.');
  await provider.called(1);
  const closed = quire.close();
  answer();
  await Promise.all([closed, ended]);
  expect(answers.keys()).toBe(1);
  expect(provider.calls).toHaveLength(1);
});
