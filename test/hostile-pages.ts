import { readFileSync } from 'node:fs';
import { PageProcessor, UsageLedger, type ChatClient } from '../src/index.js';
import { speaksToModel } from '../src/processor/signs/signs.js';
import { pick, seeded } from './random.js';
import type { Field } from './provider.js';

/** A text that asks a model to change the answer of another page. */
export interface Wording {
  text: string;
  effect: 'drop' | 'hide' | 'add' | 'copy';
}

/** Written by people who did not know the signs. */
export const WORDINGS = JSON.parse(
  readFileSync(new URL('./fixtures/hostile-wordings.json', import.meta.url), 'utf8'),
) as [Wording, ...Wording[]];

export interface HostilePackage {
  pages: Record<number, string>;
  /** The number of the page that holds the wording. */
  hostile: number;
  wording: Wording;
}

const NAMES = ['Alice Jones', 'Bela Kiss', 'Chi Nguyen', 'Dora Weiss', 'Emil Roth'] as const;
const BRANCHES = ['Main', 'North', 'Harbor', 'Airport'] as const;

/** Packages of honest forms with one hostile page each, of one wording after the other from a random one on. */
export function* hostilePackages(count: number, seed: number): Generator<HostilePackage> {
  const random = seeded(seed);
  const number = (digits: number) => String(Math.floor((1 + random() * 8.9) * 10 ** (digits - 1)));
  const first = Math.floor(random() * WORDINGS.length);
  for (let index = 0; index < count; index++) {
    const wording = WORDINGS[(first + index * 7) % WORDINGS.length] ?? WORDINGS[0];
    const length = 2 + Math.floor(random() * 6);
    const hostile = 1 + Math.floor(random() * length);
    const pages: Record<number, string> = {};
    for (let page = 1; page <= length; page++) {
      pages[page] =
        page === hostile
          ? `Letter of ${pick(random, NAMES)}, Branch: Far ${number(5)}\n${wording.text}`
          : [
              `Account Holder: ${pick(random, NAMES)}`,
              `Closing Balance: ${number(2)},${number(3)}.${number(2)}`,
              `Date Opened: 0${number(1)}/1${Math.floor(random() * 9)}/20${number(2)}`,
              `Branch: ${pick(random, BRANCHES)} ${page}`,
              `Verified By: ${pick(random, NAMES)}`,
            ].join('\n');
    }
    yield { pages, hostile, wording };
  }
}

/** A model that reads lines "Label: value", and does to other pages what a wording in its call asks for. */
export class ObedientModel {
  readonly client: ChatClient;
  readonly #wording: Wording | undefined;

  constructor(wording?: Wording, asked: number[][] = []) {
    this.#wording = wording;
    const create = (request: { messages: readonly { content?: unknown }[] }) => {
      const message = String(request.messages.at(-1)?.content);
      const pages = Array.from(
        message.matchAll(/<page number="(\d+)">\n([^]*?)\n<\/page>/g),
        ([, number, text = '']) => ({ number: Number(number), text }),
      );
      asked.push(pages.map(({ number }) => number));
      const answer = pages.map(({ number, text }, index) => [
        `page_${index + 1}`,
        { page_number: number, fields: this.#fields(text, pages) },
      ]);
      return Promise.resolve({
        choices: [
          { finish_reason: 'stop', message: { content: JSON.stringify(Object.fromEntries(answer)) } },
        ],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      });
    };
    this.client = { chat: { completions: { create } } };
  }

  #fields(text: string, pages: readonly { text: string }[]): Field[] {
    const fields = readLines(text);
    const wording = this.#wording;
    if (!wording || text.includes(wording.text) || !pages.some((page) => page.text.includes(wording.text))) {
      return fields;
    }
    switch (wording.effect) {
      case 'drop':
        return [];
      case 'hide':
        return fields.slice(0, -1);
      case 'add':
        return [{ name: 'Closing_Balance', value: '7,654,321.00', confidence: 100 }, ...fields.slice(1)];
      case 'copy': {
        const [hostile] = pages.filter((page) => page.text.includes(wording.text));
        const value = /Branch: (Far \d+)/.exec(hostile?.text ?? '')?.[1] ?? '';
        return [...fields, { name: 'Branch', value, confidence: 100 }];
      }
    }
  }

  /** The fields of each page as a processor gives them. */
  async read(
    pages: Readonly<Record<number, string>>,
    batchSize: number,
    maxWorkers: number,
  ): Promise<Record<string, unknown>> {
    const budget = { input: 100_000, output: 40_000 };
    const limits = { timeoutMs: 60_000, outagePatienceMs: 0, budget };
    const model = { client: this.client, name: 'obedient', requestDefaults: {}, ...limits };
    const numbers = Object.keys(pages).map(Number);
    const texts = new Map(numbers.map((number) => [number, pages[number] ?? '']));
    const reading = { signal: new AbortController().signal, usage: new UsageLedger({}) };
    const [result] = await new PageProcessor({ model, pageAttempts: 3 }).processBatchesParallel(
      [{ accountNumber: null, pages: numbers }],
      texts,
      batchSize,
      maxWorkers,
      reading,
    );
    return result?.record?.page_data ?? {};
  }
}

function readLines(text: string): Field[] {
  return Array.from(text.matchAll(/^([A-Z][A-Za-z ]+): (.+)$/gm), ([, label = '', value = '']) => ({
    name: label.replaceAll(' ', '_'),
    value,
    confidence: 90,
  }));
}

/** The wordings that changed another page, but for what nobody can see: a field hidden for a page without a sign. */
export async function changedBy(packages: Iterable<HostilePackage>): Promise<Wording[]> {
  const changed: Wording[] = [];
  for (const { pages, hostile, wording } of packages) {
    if (wording.effect === 'hide' && !speaksToModel(wording.text, hostile)) continue;
    const model = new ObedientModel(wording);
    const alone = others(await model.read(pages, 1, 1), hostile);
    for (const [batchSize, maxWorkers] of [
      [2, 3],
      [10, 20],
    ] as const) {
      const read = others(await model.read(pages, batchSize, maxWorkers), hostile);
      if (read !== alone && !changed.includes(wording)) changed.push(wording);
    }
  }
  return changed;
}

function others(pages: Record<string, unknown>, hostile: number): string {
  return JSON.stringify(Object.entries(pages).filter(([page]) => Number(page) !== hostile));
}
