import type { Note } from '../store/document.js';
import type { DocumentEvent } from './events.js';

/** Remarks about a reading, made from its events. */
export class NotesOfEvents {
  readonly #notes: Note[] = [];
  readonly #failures = new Map<string, string>();

  update(event: DocumentEvent): void {
    if (event.type === 'batch_checked' && event.failure) this.#failures.set(event.unit, event.failure);
    if (event.type !== 'salvage_started') return;
    const detail = this.#failures.get(event.unit) ?? '';
    for (const page of event.pages) this.#notes.push({ kind: 'asked_again', page, detail });
  }

  /** By page. */
  get all(): Note[] {
    return [...this.#notes].sort((a, b) => (a.page ?? 0) - (b.page ?? 0));
  }
}
