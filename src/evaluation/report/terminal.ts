/** Progress and complaints go to the standard error output, so that the summary can be kept by itself. */
export function writeError(text: string): void {
  process.stderr.write(`${plain(text)}\n`);
}

export function writeOutput(text: string): void {
  process.stdout.write(`${plain(text)}\n`);
}

/** File names may hold anything, and a terminal obeys control characters. */
export function plain(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, '?');
}

/** A name or value that holds the ends of lines would look like lines of Quire's own. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** The lines of a table whose first column is of words and whose others are of figures. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => (row[column] ?? '').length));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(width(column)) : cell.padStart(width(column))))
      .join('  ')
      .trimEnd(),
  );
}
