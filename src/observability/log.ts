import type { DocumentEvent } from '../documents/events.js';
import type { OpsAction } from '../documents/for-ops.js';
import type { Watch } from '../documents/reading.js';
import type { AnswerFormChange, AnswerFormState } from '../llm/answer-forms.js';
import { loggable, type Logger } from '../logger.js';
import { formatPlan } from '../processor/plan.js';
import { UUID } from '../store/json.js';

const MESSAGES = { completed: 'document read', failed: 'document failed', broken_off: 'document aborted' };

type End = DocumentEvent & { type: keyof typeof MESSAGES };

/** One line of the log for each document that has ended. */
export function logEnds(logger: Logger): Watch {
  return (event, { requestId, documentId, decision, error }) => {
    if (!(event.type in MESSAGES)) return;
    const end = event as End;
    const fields = {
      request_id: requestId,
      ...(documentId && { document: documentId }),
      plan: formatPlan(end.plan),
      reason: decision.reason,
      pages: end.total_pages ?? undefined,
      ...(end.timings ? figures(end) : without(end, error)),
      ...end.timings,
      seconds: end.seconds,
    };
    logger[end.type === 'completed' ? 'info' : 'warn'](fields, MESSAGES[end.type]);
  };
}

function figures({ failed_pages, failed_by_reason, service, usage }: End) {
  const { calls, salvage_calls, prompt_tokens, completion_tokens, cost_usd, unknown_usage_calls } = usage;
  const missing = failed_pages > 0 ? { failed_by_reason, service } : {};
  const tokens = { prompt_tokens, completion_tokens };
  return { failed_pages, ...missing, calls, salvage_calls, ...tokens, cost_usd, unknown_usage_calls };
}

/** Of a reading without a record. */
function without({ usage, service }: End, error: unknown) {
  return { calls: usage.calls, ...(error !== undefined && { ...loggable(error), service }) };
}

/** One line of the log for each part of a request that a model service is found to take in another form only. */
export function logAdaptations(logger: Logger): Watch {
  return (event) => {
    if (event.type !== 'request_adapted') return;
    const { part, service } = event;
    logger.warn(
      { part, service },
      'the model service refuses a part of the request; it is sent in another form',
    );
  };
}

const ANSWER_FORM_MESSAGES: Record<AnswerFormState, string> = {
  trial: 'many batches answered as lines need salvage: documents alternate between lines and objects',
  objects: 'lines do worse than objects with this model: batches are answered as objects from now on',
  lines: 'lines were not found to do worse than objects with this model: batches are answered as lines again',
};

/** One line of the log for each change of the form that batches are answered in. */
export function logAnswerForm(logger: Logger, model: string, { to, seen }: AnswerFormChange): void {
  logger.warn({ model, answer_form: to, ...seen }, ANSWER_FORM_MESSAGES[to]);
}

/** Warns once of each service tier that calls are billed at and that has no price. */
export function warnOfUnpricedTiers(logger: Logger): (name: string) => void {
  const told = new Set<string>();
  return (name) => {
    if (told.has(name)) return;
    told.add(name);
    const what_to_do = `give ${name} a price in LLM_PRICES`;
    logger.warn(
      { what_to_do },
      'calls are billed at a service tier without a price: their cost is not known',
    );
  };
}

/** One line of the log for what ops did to a document. */
export function logAction(logger: Logger, { action, id, outcome }: OpsAction): void {
  logger.warn({ ...(UUID.test(id) && { document: id }), action, outcome }, 'ops acted on a document');
}
