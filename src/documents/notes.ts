import type { FewFields } from '../stages/few-fields.js';
import type { Note } from '../store/document.js';
import type { DocumentEvent } from './events.js';

/** Of 100: print in good order is read with 85 and more. */
const UNSURE = 65;

/** Remarks about a document's readings, made from its events: of each page and kind the last one. */
export class NotesOfEvents {
  readonly #notes = new Map<string, Note & { page: number }>();
  readonly #failures = new Map<string, string>();

  update(event: DocumentEvent): void {
    switch (event.type) {
      case 'page_read':
        if (event.how && event.how.meanConfidence < UNSURE) {
          this.#note({
            kind: 'unsure_text',
            page: event.page,
            detail: String(Math.round(event.how.meanConfidence)),
          });
        }
        break;
      case 'batch_checked':
        if (event.failure) this.#failures.set(event.unit, event.failure);
        break;
      case 'salvage_started':
        for (const page of event.pages) {
          this.#note({ kind: 'asked_again', page, detail: this.#failures.get(event.unit) ?? '' });
        }
        break;
      case 'field_dropped':
        this.#note({ kind: 'field_dropped', page: event.page, detail: String(event.fields) });
        break;
      case 'page_failed':
        if (event.service) {
          const { status, code, message } = event.service;
          const said = [`HTTP ${status}`, code, message].filter(Boolean).join(': ');
          this.#note({ kind: 'service_refused', page: event.page, detail: said });
        }
        break;
      case 'page_done':
        this.#notes.delete(`service_refused ${event.page}`);
        break;
      case 'account_in_passing':
        this.#note({ kind: 'account_in_passing', page: event.page, detail: event.account });
        for (const page of event.joined) {
          this.#note({ kind: 'joined_in_passing', page, detail: String(event.page) });
        }
    }
  }

  /** Told once the record is made. */
  fewFields({ page, given, standing }: FewFields): void {
    this.#note({ kind: 'few_fields', page, detail: `${given} of ${standing}` });
  }

  #note(note: Note & { page: number }): void {
    this.#notes.set(`${note.kind} ${note.page}`, note);
  }

  /** By page, with the account that a page belongs to. */
  all(accountOf: Readonly<Record<string, string>>): Note[] {
    const notes = [...this.#notes.values()].sort((a, b) => a.page - b.page);
    return notes.map((note) => ({ ...note, account: accountOf[note.page] ?? null }));
  }
}
