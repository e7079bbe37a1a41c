import { expect, test } from '@jest/globals';
import { readAnswer } from '../../src/llm/answer.js';
import { ModelFailure } from '../../src/llm/failure.js';
import type { Field, SentPage } from '../../src/llm/wire.js';
import { pick, seeded } from '../random.js';

/**
 * Right answers in both forms, changed in every way that models change them: what is read was answered or stands
 * on the page, under its own page, and nothing ends the process.
 */

const ROUNDS = 20_000;
const NAMES: [string, ...string[]] = [
  'Holder',
  'Balance',
  'Notes',
  'page_1',
  'fields',
  'name',
  '__proto__',
  '名前',
];
const ENDINGS: [string, ...string[]] = [
  '',
  ' | x',
  '\n2nd line',
  '"quoted"',
  '\\',
  '{"a": 1}',
  '`',
  '12',
  'דוד',
];
const PROSE: [string, ...string[]] = [
  'Sure! Here is the data:',
  'Note: page_1 has a total of {curly} braces.',
  '```json',
  '```',
  '<think>First {"page_1": draft} then</think>',
  '[1, 2',
  '// done',
];

interface Asked {
  page: SentPage;
  fields: Field[];
}

/** Every value names its page in letters that no other page and no change has. */
function asked(random: () => number): Asked[] {
  const first = 1 + Math.floor(random() * 400);
  return Array.from({ length: 1 + Math.floor(random() * 4) }, (_, index) => {
    const mark = String.fromCodePoint(0x10a0 + index);
    const fields = Array.from({ length: Math.floor(random() * 5) }, (_, number) => ({
      name: `${pick(random, NAMES)}${number}`,
      value: `${mark.repeat(3)}${number}${pick(random, ENDINGS)}`,
      confidence: Math.floor(random() * 101),
    }));
    const amounts = fields.map((_, number) => `Amount ${number}: ${number + 1},${index}00.50`);
    return { page: { number: first + index, text: amounts.join('\n') }, fields };
  });
}

type Written = string | { name: string; value: unknown; confidence: unknown };

/** What a model may write in place of a field. */
function fieldWritten(
  field: Field,
  number: number,
  page: number,
  random: () => number,
  isRetyped: boolean,
): Written {
  const { name, value, confidence } = field;
  const retyped = isRetyped && random() < 0.5;
  if (random() < 0.5) {
    return retyped ? `${name}|${value}` : `${name}|${value}|${confidence}`;
  }
  if (!retyped) return { name, value, confidence };
  const others = [(number + 1) * 1_000 + page * 100 + 0.5, true, null, [value, 'more'], { value }, 7];
  return {
    name,
    value: pick(random, [others[0], ...others.slice(1)]),
    confidence: pick<unknown>(random, ['95%', null, confidence]),
  };
}

interface Mutated {
  content: string;
  /** The fields themselves are as they were. */
  isWhole: boolean;
}

function mutated(pages: readonly Asked[], random: () => number): Mutated {
  const isRetyped = random() < 0.3;
  const parts = pages.map(({ page, fields }, index) => [
    `page_${index + 1}`,
    {
      page_number: random() < 0.1 ? String(page.number) : page.number,
      fields: fields.map((field, number) => fieldWritten(field, number, index, random, isRetyped)),
    },
  ]);
  const whole = JSON.stringify(Object.fromEntries(parts), null, random() < 0.3 ? 2 : undefined);
  const draft = () => JSON.stringify({ note: 'draft', items: [] });
  let content = pick(random, [
    () => whole,
    () => `{"result": ${whole}}`,
    () => `${whole}\n${whole}`,
    () => `${draft()}\n${whole}`,
    () => parts.map(([key, part]) => JSON.stringify({ [key as string]: part })).join('\n'),
    () => parts.map(([, part]) => JSON.stringify(part)).join('\n'),
  ])();
  let isDamaged = false;
  const changes = Math.floor(random() * 3);
  for (let change = 0; change < changes; change++) {
    const at = Math.floor(random() * (content.length + 1));
    // Damaged once: twice in one place, no reader could tell whose the rest is.
    const kind = Math.floor(random() * (isDamaged ? 2 : 6));
    if (kind === 0) content = `${pick(random, PROSE)}\n${content}`;
    else if (kind === 1) content = `${content}\n${pick(random, PROSE)}`;
    else {
      isDamaged = true;
      if (kind === 2) content = content.slice(0, at);
      else if (kind === 3) content = content.slice(at);
      else if (kind === 4) content = content.slice(0, at) + pick(random, PROSE) + content.slice(at);
      else content = content.slice(0, at) + content.slice(at + 1 + Math.floor(random() * 12));
    }
  }
  return { content, isWhole: !isRetyped && !isDamaged };
}

/** Letters of another page than the one with this index. */
function otherMarks(index: number): RegExp {
  const others = [0, 1, 2, 3]
    .filter((other) => other !== index)
    .map((other) => String.fromCodePoint(0x10a0 + other));
  return new RegExp(`[${others.join('')}]`, 'u');
}

/** Whether a value was answered, or stands on its page. */
function stands(value: string, content: string, { text }: SentPage): boolean {
  return value
    .split(', ')
    .every(
      (part) =>
        text.includes(part) || content.includes(JSON.stringify(part).slice(1, -1)) || content.includes(part),
    );
}

test(`of ${ROUNDS} answers none gives a value of nowhere, or of another page, and none ends the process`, () => {
  const random = seeded(15);
  const wrong: object[] = [];
  const counts = { whole: 0, untouched: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const pages = asked(random);
    const { content, isWhole } = mutated(pages, random);
    let answers: ReturnType<typeof readAnswer>;
    try {
      answers = readAnswer(
        content,
        pages.map(({ page }) => page),
      );
    } catch (error) {
      expect(error).toBeInstanceOf(ModelFailure);
      counts.refused++;
      continue;
    }
    for (const [index, answer] of answers.entries()) {
      const page = pages[index]?.page;
      if (!page || !('fields' in answer)) continue;
      for (const { value } of answer.fields) {
        if (!stands(value, content, page) || otherMarks(index).test(value))
          wrong.push({ content, index, value });
      }
    }
    const given = JSON.stringify(answers.map((answer) => ('fields' in answer ? answer.fields : null)));
    const isRead = given === JSON.stringify(pages.map(({ fields }) => fields));
    if (isRead) counts.whole++;
    if (isWhole) counts.untouched++;
    // What was only wrapped, repeated or spoken round is read whole.
    if (isWhole && !isRead) wrong.push({ content, given });
  }
  process.stdout.write(
    `${ROUNDS} answers: ${counts.whole} read whole, ${counts.untouched} of them only dressed; ${counts.refused} refused\n`,
  );
  expect(wrong).toEqual([]);
  expect(counts.whole).toBeGreaterThan(ROUNDS / 4);
});
