import type { ChatClient, ChatRequest } from './client.js';
import type { DialectSettings, RequestForm } from './dialect.js';
import { answerFormat, userMessage, type AnswerForm, type SentPage } from './wire.js';

/** The most a page's answer may take, in tokens, where nothing else is set (CURRENT_SYSTEM, One page through the model). */
const OUTPUT_TOKENS_PER_PAGE = 4_000;

/** The least that an answer about a page is given, in tokens, where a service takes little in one call. */
const LEAST_OUTPUT_PER_PAGE = 400;

/** The model that is asked, and how. */
export interface Model extends DialectSettings {
  client: ChatClient;
  name: string;
  /** Time limit of one call, in milliseconds, from its start to the end of its body. */
  timeoutMs: number;
  /**
   * For how long, in milliseconds, pages are not given up because the whole service is away or rejects all
   * calls; 0 for not at all. Quires that share a service may differ: each call is judged by its own patience,
   * and the longest decides how long calls are held back.
   */
  outagePatienceMs: number;
  /** Passed through with every request, for example `{ temperature: 0 }` where the model takes it. */
  requestDefaults: Readonly<Record<string, unknown>>;
  budget: TokenBudget;
}

/** The most tokens the model takes and gives in one call. */
export interface TokenBudget {
  input: number;
  output: number;
  /** Of the output, for the answer about one page. Default: 4,000. */
  outputPerPage?: number | undefined;
}

/** The most a page's answer may take, in tokens. */
export function outputPerPage(budget: TokenBudget): number {
  return budget.outputPerPage ?? OUTPUT_TOKENS_PER_PAGE;
}

/** What is asked in one call. */
export interface Question {
  /** How pages of their kind are read, the same bytes in every call. */
  instruction: string;
  answerForm: AnswerForm;
  pages: readonly SentPage[];
}

/**
 * The body of a call in the form that the service takes. What is sent first is pinned (DESIGN, Wire format).
 *
 * @param cap tokens that the answer may take
 */
export function requestBody(model: Model, question: Question, form: RequestForm, cap: number): ChatRequest {
  const { answerForm, pages } = question;
  const format = answerFormat(pages.length, answerForm, form.hasPattern);
  const { schema } = format.json_schema;
  // A service that is not sent the schema is told of it.
  const told = form.responseFormat === 'json_schema' ? '' : `\n\nThe JSON schema:\n${JSON.stringify(schema)}`;
  const instruction = question.instruction + told;
  const asked = userMessage(pages);
  const defaults = Object.entries(model.requestDefaults).filter(([name]) => !form.without.has(name));
  return {
    ...Object.fromEntries(defaults),
    model: model.name,
    messages:
      form.instructionIn === 'system'
        ? [
            { role: 'system', content: instruction },
            { role: 'user', content: asked },
          ]
        : [{ role: 'user', content: `${instruction}\n\n${asked}` }],
    ...(form.responseFormat !== 'none' && {
      response_format: form.responseFormat === 'json_schema' ? format : ({ type: 'json_object' } as const),
    }),
    stream: false,
    [form.tokenParameter]: cap,
  };
}

/** Tokens that the answer may take. */
export function outputCap({ budget }: Model, pages: readonly SentPage[], form: RequestForm): number {
  const usual = Math.min(outputPerPage(budget) * pages.length * form.capFactor, budget.output);
  const room = Math.max(LEAST_OUTPUT_PER_PAGE, roomForAnswer(pages, form));
  return Math.max(1, Math.min(usual, form.mostOutput, room));
}

function roomForAnswer(pages: readonly SentPage[], { mostTokens, tokensAByte }: RequestForm): number {
  if (mostTokens === Infinity) return Infinity;
  const bytes = pages.reduce((sum, { text }) => sum + Buffer.byteLength(text), OVERHEAD_BYTES);
  return Math.floor(mostTokens - bytes * tokensAByte - SPARE_TOKENS);
}

/** Of instruction and schema, about. */
const OVERHEAD_BYTES = 8_000;
/** Counting differs a little from call to call. */
const SPARE_TOKENS = 64;

/** Whether the service is known to refuse so much in one call. */
export function isTooLarge(pages: readonly SentPage[], form: RequestForm): boolean {
  return (
    pages.length > form.mostPages ||
    roomForAnswer(pages, form) < LEAST_OUTPUT_PER_PAGE * pages.length ||
    form.mostOutput < LEAST_OUTPUT_PER_PAGE * pages.length
  );
}
