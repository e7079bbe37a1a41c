import { markup, type Content, type Markup } from './markup.js';

export function section(heading: string, ...content: Content[]): Markup {
  return markup`<section>
<h2>${heading}</h2>
${content.map((part) => [part, '\n'])}</section>
`;
}

/** A figure with its name and what it rests on. */
export function card(name: string, figure: string, note: string): Markup {
  return markup`<div class="card"><dt>${name}</dt><dd class="figure">${figure}</dd><dd class="note">${note}</dd></div>`;
}

/** What may be wider than the screen, and is then scrolled by itself. */
export function wide(label: string, content: Content): Markup {
  return markup`<div class="wide" role="region" aria-label="${label}" tabindex="0">${content}</div>`;
}

/** A column of a table. Cells of the kind `number` are aligned with those above and below. */
export type Column<Row> = readonly [head: string, cell: (row: Row) => Content, kind?: 'number' | 'value'];

/** The first cell of every row names the row. */
export function table<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): Markup {
  const heads = columns.map(([head, , kind]) => markup`<th scope="col"${classOf(kind)}>${head}</th>`);
  const cell = (row: Row, [, cell, kind]: Column<Row>, index: number) => {
    const content = cell(row);
    const text = kind === 'number' && typeof content === 'number' ? content.toLocaleString('en-US') : content;
    return index === 0
      ? markup`<th scope="row"${classOf(kind)}>${text}</th>`
      : markup`<td${classOf(kind)}>${text}</td>`;
  };
  const lines = rows.map(
    (row) => markup`<tr>${columns.map((column, index) => cell(row, column, index))}</tr>\n`,
  );
  return wide(
    caption,
    markup`<table>
<thead><tr>${heads}</tr></thead>
<tbody>
${lines}</tbody>
</table>`,
  );
}

function classOf(kind: string | undefined): Content {
  return kind === undefined ? '' : markup` class="${kind}"`;
}
