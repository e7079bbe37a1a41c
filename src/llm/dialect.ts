import type { Said } from './service-error.js';

/** What is asked of a service in which form, where several are usual. */
export interface DialectSettings {
  /** Default: `json_schema` first, and what the service takes after that. */
  responseFormat?: ResponseFormat | undefined;
  /** Default: `max_completion_tokens` first. */
  tokenParameter?: TokenParameter | undefined;
}

export const RESPONSE_FORMATS = ['json_schema', 'json_object', 'none'] as const;
export type ResponseFormat = (typeof RESPONSE_FORMATS)[number];
export const TOKEN_PARAMETERS = ['max_completion_tokens', 'max_tokens'] as const;
export type TokenParameter = (typeof TOKEN_PARAMETERS)[number];

/** How requests to a model are written at present: never changed, but replaced by another one. */
export interface RequestForm {
  readonly responseFormat: ResponseFormat;
  /** Whether the schema tells the pattern of a line. */
  readonly hasPattern: boolean;
  readonly tokenParameter: TokenParameter;
  /** Which message holds the instruction. */
  readonly instructionIn: 'system' | 'user';
  /** Request defaults that are left out. */
  readonly without: ReadonlySet<string>;
  /** So many times the usual output cap is given, to a model that thinks within it. */
  readonly capFactor: 1 | 2;
  /** The most that the service takes in one call: output tokens, all tokens, pages. */
  readonly mostOutput: number;
  readonly mostTokens: number;
  readonly mostPages: number;
  /** Tokens of a prompt, for each of its bytes, as the service counted them. */
  readonly tokensAByte: number;
}

/** A request that was refused. */
export interface Refused {
  form: RequestForm;
  pages: number;
  sentBytes: number;
  /** The output cap it had. */
  cap: number;
  /** Names of the caller's request defaults that it was sent with. */
  defaults: readonly string[];
}

/** Statuses under which services refuse a part of a request. */
const NAMES_A_PART: ReadonlySet<number> = new Set([400, 404, 405, 415, 422, 500, 501]);

/** Before the service has counted: more than text takes. */
const USUAL_TOKENS_A_BYTE = 1 / 3;

/**
 * What one model of a service takes, learned from what it refuses: each part of the request is sent in its pinned
 * form first (DESIGN, Wire format), and after a refusal that names it in its older form, or not at all.
 */
export class Dialect {
  #form: RequestForm;
  readonly #tried = new Set<string>();

  constructor({ responseFormat = 'json_schema', tokenParameter = 'max_completion_tokens' }: DialectSettings) {
    this.#form = {
      responseFormat,
      hasPattern: true,
      tokenParameter,
      instructionIn: 'system',
      without: new Set(),
      capFactor: 1,
      mostOutput: Infinity,
      mostTokens: Infinity,
      mostPages: Infinity,
      tokensAByte: USUAL_TOKENS_A_BYTE,
    };
  }

  get form(): RequestForm {
    return this.#form;
  }

  /**
   * Learns from a refusal.
   *
   * @returns the part that is sent in another form from now on; undefined where nothing was learned
   */
  refused(said: Said, request: Refused): string | undefined {
    if (!NAMES_A_PART.has(said.status)) return undefined;
    const { text } = said;
    const { responseFormat, hasPattern, tokenParameter } = this.#form;
    const named = said.param === '' ? text : `${said.param.toLowerCase()} ${text}`;
    if (hasPattern && responseFormat === 'json_schema' && /\bpattern\b/.test(named)) {
      return this.#change('pattern', { hasPattern: false });
    }
    if (named.includes(tokenParameter) && !RESPONSE_FORMAT.test(said.param.toLowerCase())) {
      const other = tokenParameter === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
      return this.#change(tokenParameter, { tokenParameter: other });
    }
    const option = request.defaults.find((name) => namesOption(name, said));
    if (option !== undefined && !this.#form.without.has(option)) {
      return this.#change(option, { without: new Set([...this.#form.without, option]) });
    }
    if (responseFormat !== 'none' && RESPONSE_FORMAT.test(named)) {
      const next = this.#nextFormat(said);
      return this.#change(`response_format ${responseFormat}`, { responseFormat: next });
    }
    if (SYSTEM_ROLE.test(named)) return this.#change('system', { instructionIn: 'user' });
    return undefined;
  }

  /** A model that thinks has used its output cap for that: it gets twice as much, once. */
  thought(): string | undefined {
    return this.#change('output cap', { capFactor: 2 });
  }

  /**
   * A call was too large. Where the service says how much it takes, calls are given what is left for the answer, or
   * fewer pages; else half as many pages.
   *
   * @returns whether the same pages may be asked about again
   */
  tooLarge(said: Said | undefined, { pages, sentBytes, cap }: Refused): boolean {
    const size = said && sizesIn(said.text, cap);
    const { mostOutput, mostTokens, mostPages } = this.#form;
    if (size?.mostOutput !== undefined && size.mostOutput < Math.min(cap, mostOutput)) {
      this.#form = { ...this.#form, mostOutput: size.mostOutput };
      return true;
    }
    if (size?.mostTokens !== undefined && size.mostTokens < mostTokens) {
      const counted = size.prompt === undefined ? undefined : size.prompt / sentBytes;
      const tokensAByte =
        counted !== undefined && counted > 0.05 && counted < 1 ? counted : USUAL_TOKENS_A_BYTE;
      this.#form = { ...this.#form, mostTokens: size.mostTokens, tokensAByte };
      return true;
    }
    // One large page says nothing of batches.
    if (pages === 1) return false;
    this.#form = { ...this.#form, mostPages: Math.min(mostPages, Math.floor(pages / 2)) };
    return false;
  }

  #nextFormat({ text, param }: Said): ResponseFormat {
    if (this.#form.responseFormat === 'json_schema')
      return param.includes('json_object') ? 'none' : 'json_object';
    // Some take a schema, and no JSON without one.
    const takesSchema = text.includes('json_schema') && !this.#tried.has('response_format json_schema');
    return takesSchema ? 'json_schema' : 'none';
  }

  /** Each part once: what was refused in its older form, too, is the caller's to mend. */
  #change(part: string, to: Partial<RequestForm>): string | undefined {
    if (this.#tried.has(part)) return undefined;
    this.#tried.add(part);
    this.#form = { ...this.#form, ...to };
    return part;
  }
}

const RESPONSE_FORMAT =
  /response[_ ]?format|json[_ ]?schema|json[_ ]?object|json[_ ]?mode|structured[_ ]outputs?|guided|grammar|\bschema\b|requested parameters|additionalproperties/;
const SYSTEM_ROLE =
  /system[ _-]?(?:role|messages?|prompts?|instructions?)|roles?\b.{0,40}\bsystem\b|\bsystem\b.{0,40}\brole|developer instruction|roles must alternate|conversation roles/;

/** Named by the service, and not by chance: `user` and `provider` stand in many a sentence. */
function namesOption(name: string, { param, message }: Said): boolean {
  if (param.toLowerCase() === name.toLowerCase()) return true;
  const isTelling = name === 'temperature' || name.includes('_');
  return (
    [`'${name}'`, `"${name}"`, `\`${name}\``].some((quoted) => message.includes(quoted)) ||
    (isTelling && message.includes(name))
  );
}

/** What a refusal tells of sizes, in tokens. */
function sizesIn(
  text: string,
  cap: number,
): { mostOutput?: number | undefined; mostTokens?: number | undefined; prompt?: number | undefined } {
  const number = (form: RegExp): number | undefined => {
    const digits = form.exec(text)?.[1]?.replace(/[,_]/g, '');
    return digits === undefined ? undefined : Number(digits);
  };
  const mostOutput =
    number(/at most (\d[\d,]*) (?:completion|output)/) ??
    number(
      /max(?:_completion)?_tokens[^.]{0,60}?(?:less than or equal to|at most|<=|must be (?:less than )?(?:or equal to )?)\s*`?(\d[\d,]*)/,
    );
  if (mostOutput !== undefined) return { mostOutput };
  const mostTokens = number(
    /(?:limit|context[ _](?:length|size|window)|maximum(?: number of)?(?: \w+)? tokens?|n_ctx)\D{0,30}?(\d[\d,]{2,})/,
  );
  const total = number(/requested:? (?:about )?(\d[\d,]*)(?! output)/);
  const prompt =
    number(/(\d[\d,]*) (?:tokens? )?(?:in|from|of) the (?:messages|prompt|input)/) ??
    number(/(?:prompt|input|messages?)[^.\d]{0,40}(\d[\d,]*) (?:input )?tokens/) ??
    (total !== undefined && total > cap ? total - cap : undefined);
  return { mostTokens, prompt };
}
