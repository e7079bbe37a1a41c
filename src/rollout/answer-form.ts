import type { AnswerFormChange, AnswerForms } from '../llm/answer-forms.js';
import { REASONS, type FailureReason } from '../llm/failure-reason.js';
import type { BatchPlan } from '../processor/plan.js';
import type { BatchFailure } from '../processor/reading.js';
import type { Admission } from './rollback.js';

/** These are of the service or the request, or leave no answer to judge: another form would fare no better. */
const NOT_THE_FORM: ReadonlySet<BatchFailure> = new Set<BatchFailure>([
  ...(Object.keys(REASONS) as FailureReason[]).filter((reason) => REASONS[reason].worth === 'transient'),
  'prompt_cut',
  'too_large',
  'moderation',
  'bad_request',
  'not_authorised',
  'model_not_found',
  'quota_exhausted',
]);

/** A batch plan as a document is read under it, and where its batches are reported. */
export interface AskedForm {
  plan: BatchPlan;
  admission: Admission;
}

/**
 * Has each document's batches answered in the form that does well with the model, and tells of them. A plan that
 * names its form keeps it.
 */
export class AnswerFormChoice {
  readonly #forms: AnswerForms;
  readonly #onChange: (change: AnswerFormChange) => void;

  /** @param onChange told when documents are asked in another form from now on */
  constructor(forms: AnswerForms, onChange: (change: AnswerFormChange) => void) {
    this.#forms = forms;
    this.#onChange = onChange;
  }

  /** The plan of a document that is admitted to the batch path. */
  admitted(plan: BatchPlan, admission: Admission): AskedForm {
    if (plan.answerForm) return { plan, admission };
    const isUsual = this.#forms.state === 'lines';
    const { form, ended } = this.#forms.next();
    let [answered, salvaged, isDone] = [0, 0, false];
    const onBatch = (failure: BatchFailure | null) => {
      admission.onBatch(failure);
      if (failure && NOT_THE_FORM.has(failure)) return;
      answered++;
      if (failure) salvaged++;
    };
    const done = (isEvidence?: boolean) => {
      if (isDone) return;
      isDone = true;
      const change = ended(answered > 0 ? salvaged / answered : undefined);
      if (change) this.#onChange(change);
      // Lines on trial are judged there: batches have the other form to show whether they are well.
      const isOnTrial = !isUsual && form === 'lines';
      admission.done(isOnTrial ? false : isEvidence);
    };
    return {
      // Without a form it is lines, as ever.
      plan: isUsual ? plan : { ...plan, answerForm: form },
      admission: { ...admission, onBatch, done },
    };
  }

  /** The plan of a shadow: it tells nothing, and takes no turn in a trial. */
  unwatched(plan: BatchPlan): BatchPlan {
    const isObjects = plan.answerForm === undefined && this.#forms.state === 'objects';
    return isObjects ? { ...plan, answerForm: 'objects' } : plan;
  }
}
