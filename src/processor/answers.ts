import { createHash } from 'node:crypto';
import { INSTRUCTIONS, type PageKind } from './instructions.js';
import type { Model } from '../llm/request.js';
import { answerFormat, type AnswerForm, type Field } from '../llm/wire.js';
import type { Page } from './page.js';
import type { ProcessingPlan } from './plan.js';

/** Where the answers of one document are kept, so that none is paid for twice. */
export interface AnswerCache {
  find(keys: readonly string[]): Promise<ReadonlyMap<string, Field[]>>;
  /** Resolves when they cannot be lost any more. */
  keep(answers: readonly { key: string; fields: Field[] }[]): Promise<void>;
}

/** What a page was answered before. */
export interface KnownAnswer {
  fields: Field[];
  /** In which it was asked then. */
  answerForm: AnswerForm;
}

/** How pages are asked about. */
interface AskedFor {
  model: Model;
  path: ProcessingPlan['path'];
  answerForm: AnswerForm;
}

/**
 * The cache as a reading uses it: by page. Without one nothing is found and nothing is kept.
 *
 * What a page was answered alone is used wherever the page comes again. What it was answered in a batch may
 * have been changed by a page beside it: it is used again for its own document, and for another only where
 * the whole batch is the same.
 */
export class AnswersByPage {
  readonly #cache: AnswerCache | undefined;
  readonly #document: string | undefined;
  /** Under what an answer is kept, */
  readonly #key: (page: Page) => string;
  /** and under what it may be found, the same first. */
  readonly #keys: ReadonlyMap<AnswerForm, (page: Page) => string>;

  /** @param document the id of the document that is read, where it has one */
  constructor(cache: AnswerCache | undefined, document: string | undefined, asked: AskedFor) {
    this.#cache = cache;
    this.#document = document;
    this.#key = (page) => pageKey(asked, page);
    this.#keys = new Map([
      [asked.answerForm, this.#key],
      // What was answered as objects says the same.
      ['objects', (page) => pageKey({ ...asked, answerForm: 'objects' }, page)],
    ]);
  }

  /**
   * @param batches the pages, as they would be asked about
   * @returns by page number, of the pages that have a kept answer
   */
  async find(batches: readonly (readonly Page[])[]): Promise<Map<number, KnownAnswer>> {
    const found = new Map<number, KnownAnswer>();
    if (!this.#cache || batches.length === 0) return found;
    const keys = batches.flatMap((pages) => {
      const forms = [...this.#keys].map(([form, key]) => ({ form, ofPages: pages.map(key) }));
      return pages.map(({ number }, index) => ({
        number,
        keys: forms.flatMap(({ form, ofPages }) =>
          [aloneKey(ofPages, index), ...this.#sharedKeys(ofPages, index)].map((key) => ({ key, form })),
        ),
      }));
    });
    const answers = await this.#cache.find([
      ...new Set(keys.flatMap(({ keys }) => keys.map(({ key }) => key))),
    ]);
    for (const { number, keys: ofPage } of keys) {
      const known = ofPage.find(({ key }) => answers.has(key));
      const fields = known && answers.get(known.key);
      if (fields) found.set(number, { fields, answerForm: known.form });
    }
    return found;
  }

  /** @param asked the pages of the call that gave the answers, in its order */
  async keep(asked: readonly Page[], answered: readonly { page: Page; fields: Field[] }[]): Promise<void> {
    if (!this.#cache || answered.length === 0) return;
    const ofPages = asked.map(this.#key);
    const answers = answered.flatMap(({ page, fields }) => {
      const index = asked.indexOf(page);
      const keys = asked.length === 1 ? [aloneKey(ofPages, index)] : this.#sharedKeys(ofPages, index);
      return keys.map((key) => ({ key, fields }));
    });
    await this.#cache.keep(answers);
  }

  /** The keys of what a page of a batch is answered: in its document, and wherever the whole batch comes again. */
  #sharedKeys(ofPages: readonly string[], index: number): string[] {
    const ofDocument =
      this.#document === undefined ? [] : [digest(['document', this.#document, ofPages[index]])];
    return ofPages.length === 1 ? ofDocument : [...ofDocument, digest(['batch', index, ofPages])];
  }
}

function aloneKey(ofPages: readonly string[], index: number): string {
  return digest(['alone', ofPages[index]]);
}

/** What an answer depends on; with the path in it, page by page is never served what a batch read. */
function pageKey({ model, path, answerForm: form }: AskedFor, { kind, text }: Page): string {
  return digest([
    model.name,
    model.requestDefaults,
    INSTRUCTION_VERSIONS[form][kind],
    kind,
    path,
    text.toWellFormed(),
  ]);
}

function digest(what: unknown): string {
  return createHash('sha256').update(JSON.stringify(what)).digest('hex');
}

function instructionVersions(form: AnswerForm): Record<PageKind, string> {
  const version = (kind: PageKind) =>
    createHash('sha256')
      .update(INSTRUCTIONS[form][kind] + JSON.stringify(answerFormat(1, form)))
      .digest('hex');
  return { loan: version('loan'), licence: version('licence') };
}

/** The same for every page. */
const INSTRUCTION_VERSIONS = { objects: instructionVersions('objects'), lines: instructionVersions('lines') };
