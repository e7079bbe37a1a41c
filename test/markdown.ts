import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lexer, walkTokens, type Token } from 'marked';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A page of documentation, taken apart. */
export interface Page {
  /** Its path in the repository. */
  file: string;
  /** Code between fences, in order. */
  blocks: { lang: string; code: string }[];
  /** Code within sentences and tables. */
  spans: string[];
  /** The command lines of its shell blocks and the calls within sentences, in order. */
  commands: string[];
  /** Where its links and pictures lead. */
  links: string[];
  /** The anchors of its headings, as GitHub makes them. */
  anchors: string[];
  tables: { head: string[]; rows: string[][] }[];
}

/** All documentation: what is packed with the module, and what stays in the repository. */
export const PACKED_PAGES = [
  'README.md',
  ...readdirSync(`${ROOT}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].map(pageAt);
export const REPOSITORY_PAGES = ['CONTRIBUTING.md', 'examples/monolith/README.md'].map(pageAt);
export const PAGES = [...PACKED_PAGES, ...REPOSITORY_PAGES];

export function pageNamed(file: string): Page {
  const page = PAGES.find((candidate) => candidate.file === file);
  if (!page) throw new Error(`There is no page ${file}`);
  return page;
}

function pageAt(file: string): Page {
  const page: Page = { file, blocks: [], spans: [], commands: [], links: [], anchors: [], tables: [] };
  void walkTokens(lexer(readFileSync(ROOT + file, 'utf8')), (token) => note(page, token));
  return page;
}

function note(page: Page, token: Token): void {
  switch (token.type) {
    case 'code':
      page.blocks.push({ lang: String(token.lang ?? ''), code: String(token.text) });
      if (token.lang === 'sh') page.commands.push(...linesOf(String(token.text)));
      break;
    case 'codespan':
      page.spans.push(String(token.text));
      if (String(token.text).startsWith('curl ')) page.commands.push(String(token.text));
      break;
    case 'link':
    case 'image':
      page.links.push(String(token.href));
      break;
    case 'heading':
      page.anchors.push(anchor(String(token.text)));
      break;
    case 'table':
      page.tables.push(tableOf(token));
  }
}

/** Lines that go on after a backslash are one. */
function linesOf(code: string): string[] {
  return code.split(/(?<!\\)\n/).filter((line) => line !== '');
}

function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function tableOf(token: Token) {
  const { header, rows } = token as { header: { text: string }[]; rows: { text: string }[][] };
  return {
    head: header.map(({ text }) => text),
    rows: rows.map((row) => row.map(({ text }) => text)),
  };
}
