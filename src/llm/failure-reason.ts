/**
 * What went wrong with a call or with a page's part of an answer, and what asking again is worth:
 * - `transient`: the same call may well succeed in a moment;
 * - `unusable`: there was an answer, but not one to build a record on; another may be better;
 * - `permanent`: the cause will hardly go away by itself;
 * - `final`: the same call would end the same.
 */
export const REASONS = {
  rate_limited: { worth: 'transient', says: 'the model service limited the rate of calls' },
  server_error: { worth: 'transient', says: 'the model service had an error of its own' },
  connection: { worth: 'transient', says: 'the connection to the model service failed' },
  timeout: { worth: 'transient', says: 'the model did not answer within the time limit' },
  broken_envelope: { worth: 'transient', says: 'what came back was not a chat completion' },
  cut_off: { worth: 'unusable', says: 'the answer broke off at the output limit' },
  incomplete: { worth: 'unusable', says: 'the service did not call the answer complete' },
  too_long: { worth: 'unusable', says: 'the answer was far longer than was asked for' },
  not_json: { worth: 'unusable', says: 'the answer was not a JSON object' },
  invalid_json: { worth: 'unusable', says: 'the model service found that the answer was not valid JSON' },
  page_missing: { worth: 'unusable', says: 'the answer left the page out' },
  page_malformed: { worth: 'unusable', says: 'the answer for the page was not in the agreed form' },
  page_mixed_up: { worth: 'unusable', says: 'the answer named another page' },
  reasoning_limit: { worth: 'final', says: 'the model thought until the output limit and did not answer' },
  prompt_cut: { worth: 'final', says: 'the model service read only a part of what was sent' },
  too_large: { worth: 'final', says: 'the call was too large for the model service' },
  refused: { worth: 'permanent', says: 'the model refused to answer' },
  content_filter: { worth: 'permanent', says: 'the content filter of the model service stopped the answer' },
  moderation: { worth: 'permanent', says: 'the moderation of the model service refused the page' },
  bad_request: { worth: 'permanent', says: 'the model service did not accept the request' },
  not_authorised: { worth: 'final', says: 'the model service refused the key' },
  model_not_found: { worth: 'final', says: 'the model service does not know the model or the address' },
  quota_exhausted: { worth: 'final', says: 'the quota or balance at the model service is used up' },
} as const;

export type FailureReason = keyof typeof REASONS;
export const FAILURE_REASONS = Object.keys(REASONS) as FailureReason[];

/** What a failure says to a person. */
export function sentenceOf(reason: FailureReason): string {
  return REASONS[reason].says;
}

const REFUSALS = ['not_authorised', 'model_not_found', 'quota_exhausted'] as const satisfies FailureReason[];
type ServiceRefusalReason = (typeof REFUSALS)[number];

/** Whether the service refuses every call, whatever its pages. */
export function isRefusalOfService(reason: string): reason is ServiceRefusalReason {
  return REFUSALS.some((refusal) => refusal === reason);
}
