import { measure, quire, PRICES, type Measurement } from './measure.js';
import type { Latency, ProviderSetup } from './provider-model.js';
import type { ProviderProcess } from './provider-process.js';

const INSTANT: Latency = { firstTokenMs: 0, tokenMs: 0, jitter: 0, tailShare: 0, tailFactor: 1 };
const PAGES = 10;

/** What each lever gives on the seed's document, one added to the other. */
export async function costSection(provider: ProviderProcess): Promise<string> {
  const single = quire('', { path: 'single-page' });
  const batches = quire('', { path: 'batch', batchSize: 2, maxWorkers: 3 });
  const larger = quire('', { path: 'batch', batchSize: 3, maxWorkers: 5 });
  const cost = (path: typeof single, setup: Pick<ProviderSetup, 'cache' | 'answers'>) =>
    measure(provider, path, 'seed', { latency: INSTANT, limits: null, ...setup }, PAGES);
  const indented = { cache: 'none', answers: 'indented' } as const;
  const rows: [string, Measurement][] = [
    ['page by page, no cache, answers indented (today)', await cost(single, indented)],
    ['+ fewer calls: 2x3', await cost(batches, indented)],
    ['+ cached prefix', await cost(batches, { cache: 'warm', answers: 'indented' })],
    ['+ answers on one line', await cost(batches, { cache: 'warm', answers: 'one line' })],
    ['the same at 3x5', await cost(larger, { cache: 'warm', answers: 'one line' })],
    [
      'page by page, no cache, answers on one line',
      await cost(single, { cache: 'none', answers: 'one line' }),
    ],
    [
      'page by page, cached prefix, answers on one line',
      await cost(single, { cache: 'warm', answers: 'one line' }),
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

The first row takes today's answers to be JSON with line breaks and indents, which models write unless told otherwise. **Where they already come on one line, compare with the sixth row**: fewer calls and the cached prefix alone do not halve the cost.

"Half the calls, half the cost" is wrong in general. With C calls over N pages, I tokens of instruction and schema a call, of which K are cached, T tokens of text and A of answer a page:

\`\`\`
USD = (C x (I - K) x input + C x K x cached + N x T x input + N x A x output) / 1,000,000
\`\`\`

Only the first two terms follow the calls. T and A are the same in every plan, because every page is still read and answered for. Fewer calls save what the instruction costs; the cache saves most of the rest of it; the answer, at five times the price of the text, is the largest part and only its form can be shortened.

Shorter key names (\`n\`, \`v\`, \`c\`) were counted, too: with this tokenizer \`"confidence"\` is one token like \`"c"\`, and an answer of seven fields takes 134 tokens either way. So the names stayed.`;
}
