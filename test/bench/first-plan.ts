import type OpenAI from 'openai';
import pLimit from 'p-limit';
import { z } from 'zod';
import { INSTRUCTIONS } from '../../src/processor/instructions.js';
import type { AccountPages } from '../../src/processor/processor.js';
import {
  mergePageResults,
  type AccountRecord,
  type Fields,
  type PageResult,
} from '../../src/processor/merge.js';
import { preparePage } from '../../src/processor/page.js';

const answer = z.record(z.string(), z.object({ value: z.string(), confidence: z.number() }));

/**
 * The plan as first written (seed, `process_batches_parallel`), to the letter: accounts one after the
 * other, each with its own workers; a batch's texts joined, and its one answer copied to each of its
 * pages; merged in the order in which answers arrive; what fails is skipped.
 */
export async function processAsFirstPlanned(
  client: OpenAI,
  accounts: readonly AccountPages[],
  texts: ReadonlyMap<number, string>,
  batchSize: number,
  maxWorkers: number,
): Promise<AccountRecord[]> {
  const records: AccountRecord[] = [];
  for (const { accountNumber, pages } of accounts) {
    const pool = pLimit(maxWorkers);
    const results: PageResult[] = [];
    const batches = Array.from({ length: Math.ceil(pages.length / batchSize) }, (_, index) =>
      pages.slice(index * batchSize, (index + 1) * batchSize),
    );
    await Promise.all(
      batches.map((batch) =>
        pool(async () => {
          const joined = batch.map((page) => texts.get(page) ?? '').join('\n---PAGE BREAK---\n');
          const fields = await ask(client, joined).catch(() => null);
          if (!fields) return;
          for (const page of batch) results.push({ page_number: page, extracted_data: fields });
        }),
      ),
    );
    const record = mergePageResults(accountNumber, results, pages);
    if (record) records.push(record);
  }
  return records;
}

async function ask(client: OpenAI, joined: string): Promise<Fields> {
  const { text, kind } = preparePage(1, joined);
  const { choices } = await client.chat.completions.create({
    model: 'bench-model',
    messages: [
      { role: 'system', content: INSTRUCTIONS.objects[kind] },
      { role: 'user', content: text },
    ],
    max_completion_tokens: 4_000,
  });
  return answer.parse(JSON.parse(choices[0]?.message.content ?? ''));
}
