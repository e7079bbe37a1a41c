import { EDetector } from '../e-detector.js';
import { FormTrial, type SalvageShare, type Turn } from './form-trial.js';
import type { AnswerForm } from './wire.js';

/** Of batches answered as lines, in the mean over documents: what may need salvage without a trial. */
const TOLERATED = 0.01;
/** Documents between two trials for nothing, in the mean, at least: a trial costs tokens, no record. */
const FALSE_TRIAL_DOCUMENTS = 1_000;
/** After a trial, so many times its documents pass until lines are watched again: at most one in 20 is asked in vain. */
const REST = 10;
/** In all trials together, lines that do no worse are ever left once in so many processes, or less often. */
const FALSE_SWITCH = 1_000;

/** `lines`: watched. `trial`: documents alternate. `objects`: lines did worse. */
export type AnswerFormState = 'lines' | 'trial' | 'objects';
export const ANSWER_FORM_STATES: readonly AnswerFormState[] = ['lines', 'trial', 'objects'];

/** What was seen of documents in one form, as ops are told it. */
export interface FormSeen {
  documents: number;
  /** Share of a document's batches that needed salvage, in the mean over documents, 0 to 1; null without any. */
  salvage_rate: number | null;
}

export interface AnswerFormChange {
  to: AnswerFormState;
  /** From the change before to this one. */
  seen: Record<AnswerForm, FormSeen>;
}

/** How a document's batches are to be answered. */
export interface AnswerFormTurn {
  form: AnswerForm;
  /**
   * The document has ended, or will not be read.
   *
   * @param share of its batches that needed salvage, 0 to 1; undefined where none says anything of the form
   * @returns what that changed, null for nothing
   */
  ended: (share: SalvageShare) => AnswerFormChange | null;
}

/**
 * How a model is asked to answer batches: as lines, for fewer tokens, unless it does worse at them than at objects.
 * When more batches need salvage than are tolerated, beyond chance, a trial compares the two forms; where lines do
 * worse in it, objects are asked for from then on, and otherwise lines again (docs/rollout.md, The form of answers).
 */
export class AnswerForms {
  readonly #random: () => number;
  readonly #detector = new EDetector(TOLERATED);
  #state: AnswerFormState = 'lines';
  #trial: FormTrial;
  #trials = 1;
  /** Documents that are not watched yet. */
  #resting = 0;
  #seen = nothingSeen();

  /** @param random a source of numbers from 0 up to 1 */
  constructor(random: () => number = Math.random) {
    this.#random = random;
    this.#trial = this.#newTrial();
  }

  get state(): AnswerFormState {
    return this.#state;
  }

  /** Since the last change. */
  get seen(): Record<AnswerForm, FormSeen> {
    return { lines: told(this.#seen.lines), objects: told(this.#seen.objects) };
  }

  /** The turn of the next document. */
  next(): AnswerFormTurn {
    if (this.#state === 'trial') return this.#watched(this.#trial.next(), this.#seen);
    return this.#watched({ form: this.#state, ended: (share) => this.#watch(share) }, this.#seen);
  }

  #watched({ form, ended }: Turn, since: Seen): AnswerFormTurn {
    return {
      form,
      ended: (share) => {
        // A document from before the last change says nothing about now.
        if (since !== this.#seen) return null;
        if (share !== undefined) {
          since[form].documents++;
          since[form].shares += share;
        }
        ended(share);
        return this.#judge(share);
      },
    };
  }

  #watch(share: SalvageShare): void {
    if (this.#state !== 'lines' || share === undefined) return;
    if (this.#resting > 0) this.#resting--;
    else this.#detector.add(share);
  }

  #judge(share: SalvageShare): AnswerFormChange | null {
    if (this.#state === 'lines') {
      // What went well is never what begins a trial.
      const isBad = share !== undefined && share > TOLERATED;
      return isBad && this.#detector.evidence >= FALSE_TRIAL_DOCUMENTS ? this.#change('trial') : null;
    }
    if (this.#state === 'objects') return null;
    if (this.#trial.isLinesWorse) return this.#change('objects');
    return this.#trial.isLinesNoWorse || this.#trial.isSpent ? this.#change('lines') : null;
  }

  #change(to: AnswerFormState): AnswerFormChange {
    const { seen } = this;
    if (to === 'lines') {
      this.#trials++;
      this.#trial = this.#newTrial();
      this.#resting = REST * (seen.lines.documents + seen.objects.documents);
    }
    this.#detector.reset();
    this.#state = to;
    this.#seen = nothingSeen();
    return { to, seen };
  }

  /** Each takes twice the evidence of the one before, so that all together keep the promise. */
  #newTrial(): FormTrial {
    return new FormTrial(FALSE_SWITCH * 2 ** this.#trials, this.#random);
  }
}

type Seen = Record<AnswerForm, { documents: number; shares: number }>;

function nothingSeen(): Seen {
  return { lines: { documents: 0, shares: 0 }, objects: { documents: 0, shares: 0 } };
}

function told({ documents, shares }: Seen[AnswerForm]): FormSeen {
  return { documents, salvage_rate: documents === 0 ? null : shares / documents };
}
