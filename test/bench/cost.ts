import { SCENARIOS } from './documents.js';
import { atMost } from './figures.js';
import { measure, quire, PRICES, type Measurement } from './measure.js';
import type { Latency, ProviderSetup } from './provider-model.js';
import { ProviderProcess } from './provider-process.js';

const INSTANT: Latency = { firstTokenMs: 0, tokenMs: 0, jitter: 0, tailShare: 0, tailFactor: 1 };
/** Time follows the answer alone. */
const GENERATION_BOUND: Latency = { ...INSTANT, tokenMs: 3 };
const PAGES = 10;

const SINGLE = quire('', { path: 'single-page' });
const BATCHES = quire('', { path: 'batch', batchSize: 2, maxWorkers: 3 });
const OBJECTS = quire('', { path: 'batch', batchSize: 2, maxWorkers: 3, answerForm: 'objects' });
const LARGER = quire('', { path: 'batch', batchSize: 3, maxWorkers: 5 });

const [PLAIN] = SCENARIOS;

/** What batches of 2x3, answered as lines, cost and take, in parts of what they are compared with. */
export async function answers(): Promise<void> {
  const provider = await new ProviderProcess().started();
  try {
    if (!PLAIN) throw new Error('There is no scenario');
    for (const [most, documents, name] of [
      [0.38, 'seed', 'a document of forms'],
      [0.52, { scenario: PLAIN.name }, PLAIN.name],
    ] as const) {
      const cost = async (path: typeof SINGLE, setup: Pick<ProviderSetup, 'cache' | 'answers'>) =>
        (await measure(provider, path, documents, { latency: INSTANT, limits: null, ...setup }, PAGES))
          .costUsd;
      const today = await cost(SINGLE, { cache: 'none', answers: 'indented' });
      const batches = await cost(BATCHES, { cache: 'warm', answers: 'one line' });
      atMost(most, `cost of ${name} by that of today`, batches / today);
    }
    const ratios: number[] = [];
    for (const { name, documents } of SCENARIOS.slice(0, -1)) {
      const pages = documents.reduce((sum, { pages }) => sum + Object.keys(pages).length, 0);
      const setup = { latency: GENERATION_BOUND, limits: null, cache: 'cold', answers: 'one line' } as const;
      const { ms: lines } = await measure(provider, BATCHES, { scenario: name }, setup, pages);
      const { ms: objects } = await measure(provider, OBJECTS, { scenario: name }, setup, pages);
      process.stdout.write(
        `time of ${name} by that of answers as objects: ${(lines / objects).toFixed(2)}\n`,
      );
      ratios.push(lines / objects);
    }
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    atMost(0.72, 'the mean of these', mean);
  } finally {
    provider.stop();
  }
}

/** What each lever gives on the seed's document, one added to the other. */
export async function costSection(provider: ProviderProcess): Promise<string> {
  const cost = (path: typeof SINGLE, setup: Pick<ProviderSetup, 'cache' | 'answers'>) =>
    measure(provider, path, 'seed', { latency: INSTANT, limits: null, ...setup }, PAGES);
  const indented = { cache: 'none', answers: 'indented' } as const;
  const rows: [string, Measurement][] = [
    ['page by page, no cache, answers indented (today)', await cost(SINGLE, indented)],
    ['+ fewer calls: 2x3', await cost(OBJECTS, indented)],
    ['+ cached prefix', await cost(OBJECTS, { cache: 'warm', answers: 'indented' })],
    ['+ answers on one line', await cost(OBJECTS, { cache: 'warm', answers: 'one line' })],
    ['+ answers as lines', await cost(BATCHES, { cache: 'warm', answers: 'one line' })],
    ['the same at 3x5', await cost(LARGER, { cache: 'warm', answers: 'one line' })],
    [
      'page by page, no cache, answers on one line',
      await cost(SINGLE, { cache: 'none', answers: 'one line' }),
    ],
    [
      'page by page, cached prefix, answers on one line',
      await cost(SINGLE, { cache: 'warm', answers: 'one line' }),
    ],
  ];
  const [today] = rows;
  const shown = [
    '| | calls | prompt tokens | cached | answer tokens | USD | of today |',
    '|---|--:|--:|--:|--:|--:|--:|',
    ...rows.map(([name, { calls, promptTokens, cachedTokens, completionTokens, costUsd }]) => {
      const share = Math.round((100 * costUsd) / (today?.[1].costUsd ?? 1));
      return `| ${name} | ${calls} | ${promptTokens} | ${cachedTokens} | ${completionTokens} | ${costUsd.toFixed(4)} | ${share} % |`;
    }),
  ].join('\n');
  process.stdout.write(`## Cost\n\n${shown}\n`);
  return `## Cost of the 10-page document

The project's own figure for today is 0.155 USD for 10 calls at ${PRICES.input} USD a million input tokens and ${PRICES.output} output. The document here is as dense as makes it cost that: forms with twenty values a page. A cached token is reckoned at ${PRICES.cached} USD, a tenth, as providers with those prices charge it.

${shown}

The first row takes today's answers to be JSON with line breaks and indents, which models write unless told otherwise. **Where they already come on one line, compare with the seventh row**: fewer calls and the cached prefix alone do not halve the cost.

"Half the calls, half the cost" is wrong in general. With C calls over N pages, I tokens of instruction and schema a call, of which K are cached, T tokens of text and A of answer a page:

\`\`\`
USD = (C x (I - K) x input + C x K x cached + N x T x input + N x A x output) / 1,000,000
\`\`\`

Only the first two terms follow the calls. T and A are the same in every plan, because every page is still read and answered for. Fewer calls save what the instruction costs; the cache saves most of the rest of it; the answer, at five times the price of the text, is the largest part and only its form can be shortened.

A field as one text, \`name|value|confidence\`, takes two thirds of the tokens of an object with three keys. Shorter keys (\`n\`, \`v\`, \`c\`) would save nothing: with this tokenizer \`"confidence"\` is one token like \`"c"\`.`;
}
