import type { AnswerForm } from '../llm/wire.js';
import { keepable } from '../store/corrections.js';
import type { ReadAs } from '../store/document.js';
import type { DocumentEvent } from './events.js';

/**
 * The model and the form of answers that a reading's values come from, found out while it goes on. Values are made of
 * several pages: where pages were answered by two models, or in both forms, it is not known which gave a value.
 */
export class AskedAs {
  readonly #name: string;
  readonly #models = new Set<string>();
  readonly #forms = new Set<AnswerForm>();

  /** @param name of the model, as it is asked for */
  constructor(name: string) {
    this.#name = name;
  }

  note(event: DocumentEvent): void {
    if (event.type === 'call_ended' && event.outcome === 'answered')
      this.#models.add(event.model ?? this.#name);
    if (event.type === 'page_done') this.#forms.add(event.answer_form);
  }

  get inAll(): ReadAs {
    // Answers that were kept are those of the model of this name, whatever the service called it then.
    const model = this.#models.size === 0 ? this.#name : only(this.#models);
    return { model: model === null ? null : keepable(model), answer_form: only(this.#forms) };
  }
}

function only<T>(all: ReadonlySet<T>): T | null {
  const [first] = all;
  return all.size === 1 && first !== undefined ? first : null;
}
