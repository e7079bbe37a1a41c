import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { PageProcessor, UsageLedger, type ChatClient } from '../../src/index.js';
import { evidenceOf } from '../../src/stages/evidence.js';
import { adversarialTexts } from '../adversarial-texts.js';
import { atMost } from './figures.js';

const PAGES = 10;
const MOST_MS = 150;

/** Answers as long as the size limits let through, by what they are made of: what a model says on each page. */
function longAnswers(): [name: string, page: (number: number) => string][] {
  const field = (name: string, value: string) => JSON.stringify({ name, value, confidence: 90 });
  const page = (fields: readonly string[]) => (number: number) =>
    `{"page_number":${number},"fields":[${fields.join(',')}]}`;
  const many = (count: number, of: (index: number) => string) =>
    Array.from({ length: count }, (_, i) => of(i));
  const list = (length: number) => many(length / 6, (index) => `q${index.toString(36)}`).join(', ');
  return [
    ['a list of 6,600 characters', page([field('A', list(6_600))])],
    ['a list of 90,000 characters', page([field('A', list(90_000))])],
    ['a list of names of 90,000 characters', page([field('Signer1_Name', list(90_000))])],
    ['10,000 fields on all pages', page(many(1_000, (index) => field(`F${index}`, `w${index}`)))],
    ['2,500 fields a page', page(many(2_500, (index) => field(`F${index}`, '1')))],
    ['names of 90,000 characters', page([field('N'.repeat(90_000), 'w1')])],
    ['deep JSON', page([`${'['.repeat(30_000)}${']'.repeat(30_000)}`])],
    ['deep objects', page([`${'{"a":'.repeat(12_000)}1${'}'.repeat(12_000)}`])],
    ['amounts that stand nowhere', page(many(1_500, (index) => field('Balance', `${index},204.77`)))],
    ...adversarialTexts(90_000).map(
      ([kind, text]) =>
        [
          `a value of ${kind}`,
          page([field('Account_Holders', text.toWellFormed().slice(0, 45_000))]),
        ] as const,
    ),
  ].map(([name, of]) => [name, of] as [string, (number: number) => string]);
}

function clientOf(page: (number: number) => string): { client: ChatClient; calls: number[][] } {
  const calls: number[][] = [];
  const create = async (request: { messages: readonly { content?: unknown }[] }) => {
    const message = String(request.messages.at(-1)?.content);
    const numbers = Array.from(message.matchAll(/<page number="(\d+)">/g), ([, number]) => Number(number));
    calls.push(numbers);
    const content = `{${numbers.map((number, index) => `"page_${index + 1}":${page(number)}`).join(',')}}`;
    // One after the other, as a connection brings them.
    await sleep(5 * calls.length);
    return { choices: [{ finish_reason: 'stop', message: { content } }], usage: null };
  };
  return { client: { chat: { completions: { create } } }, calls };
}

/** The longest time that other work of the process waits while answers made to be slow are checked. */
export async function blocks(): Promise<void> {
  const texts = new Map(
    Array.from({ length: PAGES }, (_, page) => [
      page + 1,
      `ACCOUNT NUMBER: 12345678\n${Array.from({ length: 1_500 }, (_, word) => `w${page * 7_919 + word}`).join(' ')}`,
    ]),
  );
  let [worst, worstName] = [0, ''];
  for (const [name, page] of longAnswers()) {
    const { client, calls } = clientOf(page);
    const model = {
      client,
      name: 'm',
      requestDefaults: {},
      outagePatienceMs: 0,
      timeoutMs: 60_000,
      budget: { input: 1e6, output: 1e6 },
    };
    const processor = new PageProcessor({ model, pageAttempts: 2 });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    await sleep(50);
    delay.enable();
    const accounts = [{ accountNumber: '12345678', pages: [...texts.keys()] }];
    const reading = { signal: new AbortController().signal, usage: new UsageLedger({}) };
    const [result] = await processor.processBatchesParallel(accounts, texts, PAGES, 1, reading);
    if (result?.record) await evidenceOf({ accounts: [result.record] }, { texts });
    await sleep(20);
    delay.disable();
    const longest = Math.round(delay.max / 1e6);
    if (longest > worst) [worst, worstName] = [longest, name];
    const again = calls.filter((pages) => pages.length === 1).length;
    const failed = result?.failedPages.length ?? 0;
    process.stdout.write(
      `${name}: longest block ${longest} ms; asked again ${again}, failed ${failed} of ${PAGES} pages\n`,
    );
  }
  atMost(MOST_MS, `milliseconds that other work waits at most (${worstName})`, worst);
}
