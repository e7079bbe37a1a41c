import type { ServiceForOps } from '../api/overview.js';
import type { AnswerForms } from '../llm/answer-forms.js';
import type { RequestForm } from '../llm/dialect.js';
import { sentenceOf } from '../llm/failure-reason.js';
import type { QueueState } from '../llm/queue.js';
import type { RateLimits } from '../llm/rate-limits.js';
import type { ModelHealth } from '../observability/model-health.js';
import type { ServiceRemarks } from '../observability/service-remarks.js';

export interface ServiceSources {
  /** By the name people know it by. */
  model: string;
  modelHealth: ModelHealth;
  remarks: ServiceRemarks;
  queue: { readonly state: QueueState };
  told: () => RateLimits['told'];
  /** How requests are written now. */
  form: () => RequestForm;
  /** Undefined where the settings say the form. */
  answerForms: AnswerForms | undefined;
  /** What all replicas together keep to; null for any number. */
  limits: ServiceForOps['limits'];
}

/** How it stands with the model service. */
export function serviceState(sources: ServiceSources): ServiceForOps {
  const { modelHealth, remarks, queue, limits } = sources;
  const { underWay, waiting, atOnce, most, heldMs, outage } = queue.state;
  const form = sources.form();
  const told = sources.told();
  const { trouble } = modelHealth;
  return {
    model: sources.model,
    trouble: trouble && { ...trouble, says: sentenceOf(trouble.reason) },
    outage: outage
      ? {
          since: fromNow(-outage.sinceMs),
          next_try: fromNow(outage.nextTryMs),
          patience_until: fromNow(outage.patienceEndsMs),
        }
      : null,
    held_until: heldMs > 0 ? fromNow(heldMs) : null,
    calls: { under_way: underWay, waiting, at_once: atOnce, most },
    limits,
    told: { requests: told.requests ?? null, tokens: told.tokens ?? null },
    dialect: {
      response_format: form.responseFormat,
      token_parameter: form.tokenParameter,
      instruction_in: form.instructionIn,
      left_out: [...form.without],
      adapted: [...remarks.adapted],
    },
    answer_form: sources.answerForms?.state ?? null,
    refused: remarks.refused.map((refused) => ({ ...refused, says: sentenceOf(refused.reason) })),
  };
}

function fromNow(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}
