import { SINGLE_PAGE, type ProcessingPlan } from '../../processor/plan.js';
import { createQuire, type Quire } from '../../quire.js';
import type { DocumentRecord } from '../../stages/record.js';
import type { ParityDocument } from './documents.js';

/** The runs of a document, in their order. The second control shows how far the model agrees with itself. */
export const RUNS = ['control', 'control_again', 'candidate'] as const;
export type Run = (typeof RUNS)[number];

/** A document and what each run made of it. */
export interface Trial {
  document: ParityDocument;
  records: Record<Run, DocumentRecord>;
}

/** Page by page and the candidate's plan, both with the model that the settings name. */
export class Plans {
  readonly #control: Quire;
  readonly #candidate: Quire;

  private constructor(control: Quire, candidate: Quire) {
    this.#control = control;
    this.#candidate = candidate;
  }

  /** @throws {SettingsError} for settings that cannot be used */
  static async create(candidate: ProcessingPlan): Promise<Plans> {
    const control = await createQuire({ plan: SINGLE_PAGE });
    try {
      return new Plans(control, await createQuire({ plan: candidate }));
    } catch (error) {
      await control.close();
      throw error;
    }
  }

  /** The model that is asked, by the name people know it by. */
  get model(): string {
    return this.#control.modelName;
  }

  /**
   * Reads a document three times, one run after the other, so that no run takes calls from another.
   *
   * @param onRun called before each run
   */
  async run(document: ParityDocument, onRun: (run: Run) => void): Promise<Trial> {
    const texts = Object.fromEntries(document.texts);
    const read = (run: Run): Promise<DocumentRecord> => {
      onRun(run);
      return (run === 'candidate' ? this.#candidate : this.#control).processPages(texts);
    };
    const records = {
      control: await read('control'),
      control_again: await read('control_again'),
      candidate: await read('candidate'),
    };
    return { document, records };
  }

  async close(): Promise<void> {
    await this.#candidate.close();
    await this.#control.close();
  }
}
