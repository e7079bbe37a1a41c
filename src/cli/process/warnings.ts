import type { Logger } from '../../logger.js';

/** Keeps what Quire warns of until the bars are gone. What is about one file is in the table, and not told twice. */
export class Warnings implements Logger {
  readonly #lines = new Set<string>();

  /** Each once. */
  get lines(): readonly string[] {
    return [...this.#lines];
  }

  info(): void {
    // What goes well is in the table.
  }

  warn(fields: object, message: string): void {
    if ('request_id' in fields) return;
    this.#lines.add(`Note: ${message} ${JSON.stringify(fields)}`);
  }

  error(fields: object, message: string): void {
    this.warn(fields, message);
  }
}
