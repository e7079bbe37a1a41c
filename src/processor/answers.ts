import { createHash } from 'node:crypto';
import { INSTRUCTIONS, type PageKind } from './instructions.js';
import type { Model } from '../llm/call.js';
import { answerFormat, type Field } from '../llm/wire.js';
import type { Page } from './page.js';
import type { ProcessingPlan } from './plan.js';

/** Where the answers of one document are kept, so that none is paid for twice. */
export interface AnswerCache {
  find(keys: readonly string[]): Promise<ReadonlyMap<string, Field[]>>;
  /** Resolves when they cannot be lost any more. */
  keep(answers: readonly { key: string; fields: Field[] }[]): Promise<void>;
}

/** The cache as a reading uses it: by page. Without one nothing is found and nothing is kept. */
export class AnswersByPage {
  readonly #cache: AnswerCache | undefined;
  readonly #key: (page: Page) => string;

  constructor(cache: AnswerCache | undefined, model: Model, path: ProcessingPlan['path']) {
    this.#cache = cache;
    this.#key = (page) => answerKey(model, path, page);
  }

  async find(pages: readonly Page[]): Promise<Map<number, Field[]>> {
    const found = new Map<number, Field[]>();
    if (!this.#cache || pages.length === 0) return found;
    const keys = pages.map((page) => [page.number, this.#key(page)] as const);
    const answers = await this.#cache.find([...new Set(keys.map(([, key]) => key))]);
    for (const [number, key] of keys) {
      const fields = answers.get(key);
      if (fields) found.set(number, fields);
    }
    return found;
  }

  async keep(answered: readonly { page: Page; fields: Field[] }[]): Promise<void> {
    if (answered.length === 0) return;
    await this.#cache?.keep(answered.map(({ page, fields }) => ({ key: this.#key(page), fields })));
  }
}

/** What an answer depends on; with a batch's path in it, page by page is never served what a batch read. */
function answerKey(model: Model, path: ProcessingPlan['path'], { kind, text }: Page): string {
  const asked = [
    model.name,
    model.requestDefaults,
    instructionVersion(kind),
    kind,
    path,
    text.toWellFormed(),
  ];
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex');
}

function instructionVersion(kind: PageKind): string {
  return createHash('sha256')
    .update(INSTRUCTIONS[kind] + JSON.stringify(answerFormat(1)))
    .digest('hex');
}
