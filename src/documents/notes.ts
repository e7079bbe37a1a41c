import type { Note } from '../store/document.js';
import type { DocumentEvent } from './events.js';

/** Remarks about a document's readings, made from its events: of each page the last one. */
export class NotesOfEvents {
  readonly #notes = new Map<number, Note>();
  readonly #failures = new Map<string, string>();

  update(event: DocumentEvent): void {
    if (event.type === 'batch_checked' && event.failure) this.#failures.set(event.unit, event.failure);
    if (event.type !== 'salvage_started') return;
    const detail = this.#failures.get(event.unit) ?? '';
    for (const page of event.pages) this.#notes.set(page, { kind: 'asked_again', page, detail });
  }

  /** By page, with the account that a page belongs to. */
  all(accountOf: Readonly<Record<string, string>>): Note[] {
    const notes = [...this.#notes].sort(([a], [b]) => a - b);
    return notes.map(([page, note]) => ({ ...note, account: accountOf[page] ?? null }));
  }
}
