import { createHash } from 'node:crypto';
import { Markup, markup, type Content } from './markup.js';

/**
 * A page of HTML that needs no script and nothing from outside.
 *
 * @param style the style sheet; no other is applied
 */
export function htmlPage(title: string, style: string, body: Markup): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
${body}
</body>
</html>
`.text;
}

function contentSecurityPolicy(style: string): string {
  return [
    `default-src 'none'`,
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
}

/** @param at in UTC, ISO 8601 */
export function madeOn(at: string): string {
  return `${at.slice(0, 10)} at ${at.slice(11, 16)} UTC`;
}

/** A figure with its name and what it rests on. */
export function card(name: string, figure: string, note: string): Markup {
  return markup`<div class="card"><dt>${name}</dt><dd class="figure">${figure}</dd><dd class="note">${note}</dd></div>`;
}

/** A cell with a class of its own. */
export class Cell {
  constructor(
    readonly kind: 'number' | 'value',
    readonly content: Content,
  ) {}
}

/** A cell of figures, aligned with those above and below. */
export function numeric(content: string): Cell {
  return new Cell('number', content);
}

/** A cell with a whole number. */
export function number(content: number): Cell {
  return numeric(content.toLocaleString('en-US'));
}

export type CellContent = Content | Cell;

/** The first cell of every row names the row. */
export function table(
  caption: string,
  head: readonly CellContent[],
  rows: readonly (readonly CellContent[])[],
): Markup {
  const heads = head.map((cell) => markup`<th scope="col"${classOf(cell)}>${contentOf(cell)}</th>`);
  const lines = rows.map(([first = '', ...others]) => {
    const cells = others.map((cell) => markup`<td${classOf(cell)}>${contentOf(cell)}</td>`);
    return markup`<tr><th scope="row"${classOf(first)}>${contentOf(first)}</th>${cells}</tr>\n`;
  });
  return markup`<div class="wide" role="region" aria-label="${caption}" tabindex="0"><table>
<thead><tr>${heads}</tr></thead>
<tbody>
${lines}</tbody>
</table></div>`;
}

function classOf(cell: CellContent): Content {
  return cell instanceof Cell ? markup` class="${cell.kind}"` : '';
}

function contentOf(cell: CellContent): Content {
  return cell instanceof Cell ? cell.content : cell;
}
