import { expect, test } from '@jest/globals';
import { readLabelledValues } from '../../src/embedded-model/rules.js';
import { ModelFailure } from '../../src/llm/failure.js';
import { readAnswer } from '../../src/llm/answer.js';
import { doubtfulPages, valueParts } from '../../src/processor/grounding.js';
import { fieldsMissing } from '../../src/processor/labelled.js';
import { indexPage, locate } from '../../src/processor/locate.js';
import { mergePageResults } from '../../src/processor/merge.js';
import { preparePage } from '../../src/processor/page.js';
import { speaksToModel } from '../../src/processor/signs/signs.js';
import { writingsOf } from '../../src/processor/writings.js';
import { detectAccountNumbers, splitAccounts } from '../../src/stages/accounts.js';
import { evidenceOf } from '../../src/stages/evidence.js';
import { supportOf } from '../../src/stages/support/support.js';
import { adversarialTexts } from '../adversarial-texts.js';

/** Every function that sees the text of pages or answers takes time in proportion to it, whatever the text. */

const HONEST = preparePage(1, 'ACCOUNT NUMBER: 12345678\nName: Ada\nBalance: 5');
const answer = (name: string, value: string) => ({ fields: [{ name, value, confidence: 90 }] });

const FUNCTIONS: Record<string, (text: string) => unknown> = {
  'account numbers': (text) => detectAccountNumbers(text),
  'accounts of pages': (text) =>
    splitAccounts(
      new Map([
        [1, text],
        [2, `see account no. 12345678 of mine ${text}`],
      ]),
    ),
  'preparing a page': (text) => preparePage(1, text),
  signs: (text) => speaksToModel(text, 1),
  'words of a page': (text) => [indexPage(text).plainIndex, indexPage(text).partedIndex],
  'locating a name': (text) => locate('Ada Jones', indexPage(text), 'Name'),
  'locating a piece of the text': (text) => locate(text.slice(0, 50), indexPage(text), text.slice(0, 50)),
  'locating a value': (text) => locate(text, indexPage(HONEST.text), 'Name'),
  'locating a label': (text) => locate('Ada', indexPage(HONEST.text), text),
  'labelled values': (text) => readLabelledValues(text),
  'missing fields': (text) => fieldsMissing(text, []),
  'amounts and dates': (text) => writingsOf(text),
  'parts of a value': (text) => valueParts(text),
  'checking values on a page': (text) =>
    doubtfulPages(
      [preparePage(1, text), preparePage(2, text.slice(1))],
      [answer('Account_Holders', 'Ada Jones'), answer('Balance', '1,204.77')],
    ),
  'checking a value': (text) =>
    doubtfulPages(
      [HONEST, preparePage(2, text)],
      [answer('Account_Holders', text), answer('Account_Holders', text)],
    ),
  "checking a field's name": (text) =>
    doubtfulPages([HONEST, preparePage(2, text)], [answer(text, '5'), answer(text, 'Ada')]),
  'reading an answer': (text) => {
    try {
      return readAnswer(text, [HONEST, HONEST]);
    } catch (error) {
      if (!(error instanceof ModelFailure)) throw error;
    }
  },
  'reading fields': (text) => {
    const sent = [1, 2, 3, 4].map((number) => ({ number, text: '' }));
    const name = text.slice(0, text.length / 10);
    return readAnswer(JSON.stringify({ page_1: { page_number: 1, ...answer(name, name) } }), sent);
  },
  merging: (text) => {
    const value = { value: text, confidence: 1 };
    return mergePageResults('1', [{ page_number: 1, extracted_data: { a: value, [text]: value } }], [1]);
  },
  evidence: (text) => {
    const read = { page_number: 1, extracted_data: { A: { value: text, confidence: 1 } } };
    const record = mergePageResults('1', [read], [1]);
    return evidenceOf({ accounts: record ? [record] : [] }, { texts: new Map([[1, text]]) });
  },
  'support of a piece of the text': (text) =>
    supported(text, { Number_of_Transactions: '3', Closing_Balance: '5.00', Name: text.slice(0, 50) }),
  'support of a value': (text) => supported(HONEST.text, { Name: text, Balance: text }),
  'support of names': (text) => supported(HONEST.text, { [text]: 'Ada', [`${text} balance`]: '5' }),
};

async function supported(text: string, values: Record<string, string>) {
  const fields = Object.entries(values).map(([name, value]) => [name, { value, confidence: 1 }] as const);
  const record = mergePageResults('1', [{ page_number: 1, extracted_data: Object.fromEntries(fields) }], [1]);
  const pages = { texts: new Map([[1, text]]) };
  const accounts = record ? [record] : [];
  return supportOf({ accounts }, pages, await evidenceOf({ accounts }, pages));
}

const SHORT = 12_500;
const LONG = 100_000;
/** Eight times the text; what goes with its square would take 64 times as long. */
const MOST_TIMES = 24;
/** Milliseconds of processor time, of which what is shorter tells nothing. */
const MEASURABLE_MS = 40;

/** Of the processor, which other work of the machine does not lengthen as it does a wall clock. */
async function processorMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** Slow in each of some tries, because collecting garbage counts too and falls where it likes. */
async function isOutOfProportion(shorter: () => unknown, longer: () => unknown): Promise<boolean> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const short = await processorMs(shorter);
    const long = await processorMs(longer);
    if (long <= MEASURABLE_MS || long <= short * MOST_TIMES) return false;
  }
  return true;
}

test.each(Object.entries(FUNCTIONS))('%s: in proportion to the text, of 46 kinds', async (_name, run) => {
  const shorter = new Map(adversarialTexts(SHORT));
  const slow: string[] = [];
  for (const [kind, text] of adversarialTexts(LONG)) {
    const short = () => run(shorter.get(kind) ?? '');
    // Once before, so that compiling it does not count.
    await short();
    if (await isOutOfProportion(short, () => run(text))) slow.push(kind);
  }
  expect(slow).toEqual([]);
  expect(shorter.size).toBeGreaterThanOrEqual(40);
});
