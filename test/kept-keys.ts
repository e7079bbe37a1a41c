import type { Model } from '../src/llm/request.js';
import { AnswersByPage, type AnswerCache } from '../src/processor/answers.js';
import { preparePage, type Page } from '../src/processor/page.js';
import type { Call } from './provider.js';

/** How pages may have been asked about. */
const WAYS = [
  { path: 'single-page', answerForm: 'objects' },
  { path: 'batch', answerForm: 'lines' },
  { path: 'batch', answerForm: 'objects' },
] as const;

/** For each page of a call, the keys under which its answer may have been kept, on either path. */
export function keysOf({ pages }: Pick<Call, 'pages'>, documents: readonly string[]): string[][] {
  const prepared = pages.map(({ number, text }) => preparePage(number, asWritten(text)));
  const keyed = WAYS.flatMap((way) => documents.map((document) => keysByPage(prepared, document, way)));
  return prepared.map((_, index) => keyed.flatMap((keys) => keys[index] ?? []));
}

/** The text of a page before what looks like a tag in it was neutralised. */
function asWritten(text: string): string {
  return text.replaceAll(/&lt;(\/?page)/gi, '<$1');
}

function keysByPage(pages: readonly Page[], document: string, way: (typeof WAYS)[number]): string[][] {
  const model = { name: 'test-model', requestDefaults: {} } as Model;
  const kept: string[][] = [];
  const keep: AnswerCache['keep'] = (answers) =>
    Promise.resolve(void kept.push(answers.map(({ key }) => key)));
  const find = () => Promise.resolve(new Map());
  const cache = new AnswersByPage({ find, keep }, document, { model, ...way });
  for (const page of pages) {
    void cache.keep(pages, [{ page, fields: [] }]);
    void cache.keep([page], [{ page, fields: [] }]);
  }
  return pages.map((_, index) => [...(kept[2 * index] ?? []), ...(kept[2 * index + 1] ?? [])]);
}
