import { z } from 'zod';

const TRILLIONTHS_PER_USD = 1_000_000_000_000;
/** A price in USD per million tokens, times this, is a whole number of 10^-12 USD per token. */
const TRILLIONTHS_PER_TOKEN = 1_000_000;

const usdPerMillionTokens = z.number().min(0).max(1_000_000);

/**
 * Prices by model, in USD per million tokens. A model billed at another service tier has an entry
 * `model/tier`.
 */
export type PriceTable = Record<string, ModelPrice>;

/** In USD per million tokens. */
interface ModelPrice {
  input: number;
  /** Of prompt tokens the provider found in its cache. Default: the price of `input`. */
  cached_input?: number | undefined;
  output: number;
}

/** @internal */
export const priceTable: z.ZodType<PriceTable> = z.record(
  z.string(),
  z.strictObject({
    input: usdPerMillionTokens,
    cached_input: usdPerMillionTokens.optional(),
    output: usdPerMillionTokens,
  }),
);

const tokens = z.int().nonnegative();
const billed = z.object({
  usage: z.object({
    prompt_tokens: tokens,
    completion_tokens: tokens,
    prompt_tokens_details: z.object({ cached_tokens: tokens.nullish() }).nullish(),
  }),
  service_tier: z.string().nullish(),
});

/** What a document used of the model. Tokens and money cover the calls whose usage is known. */
export interface Usage {
  /** Requests sent to the model, repeated ones included. */
  calls: number;
  /** Those of them that asked again, page by page, for what a batch did not answer well. */
  salvage_calls: number;
  prompt_tokens: number;
  /** The part of the prompt tokens that the provider found in its cache. */
  cached_tokens: number;
  completion_tokens: number;
  /** In USD; null when a call was made to a model that has no price. */
  cost_usd: number | null;
  /** Calls that may have been billed but told no usage: timed out, broken off, or silent about it. */
  unknown_usage_calls: number;
}

/**
 * Asked before each call for the most it can cost, in 10^-12 USD; undefined where the model has no
 * price. Refuses the call by throwing. What it returns is told what was really billed.
 */
export type Allowance = (most: bigint | undefined) => (billed: bigint) => void;

/** What becomes of the bill of one request; one of the three, once. */
export interface Bill {
  /** It came back with an answer: what the envelope says was billed. */
  answered(envelope: unknown): void;
  /** It may have been billed without saying so. */
  unknown(): void;
  /** It was rejected, which costs nothing. */
  unbilled(): void;
}

/** The usage of one document, added up call by call. Money is kept in whole 10^-12 USD. */
export class UsageLedger {
  readonly #prices: ReadonlyMap<string, PriceTable[string]>;
  readonly #allowance: Allowance | undefined;
  #calls = 0;
  #salvageCalls = 0;
  #promptTokens = 0;
  #cachedTokens = 0;
  #completionTokens = 0;
  #unknown = 0;
  #cost = 0n;
  #unpriced = false;

  /** @param allowance limits what may be spent; none without it */
  constructor(prices: PriceTable, allowance?: Allowance) {
    this.#prices = new Map(Object.entries(prices));
    this.#allowance = allowance;
  }

  /**
   * A request goes out.
   *
   * @param most tokens it can use
   * @throws what the allowance throws when it is used up
   */
  sent(purpose: 'first' | 'salvage', model: string, most: { input: number; output: number }): Bill {
    const price = this.#prices.get(model);
    const mostCost = price && money(most.input, price.input) + money(most.output, price.output);
    const settle = this.#allowance?.(mostCost);
    this.#calls++;
    if (purpose === 'salvage') this.#salvageCalls++;
    const unknown = () => {
      this.#unknown++;
      settle?.(mostCost ?? 0n);
    };
    return {
      unknown,
      unbilled: () => settle?.(0n),
      answered: (envelope) => {
        const cost = this.#answered(model, envelope);
        if (cost === 'untold') unknown();
        else settle?.(cost === 'unpriced' ? (mostCost ?? 0n) : cost);
      },
    };
  }

  /** @returns what was billed, in 10^-12 USD */
  #answered(model: string, envelope: unknown): bigint | 'untold' | 'unpriced' {
    const bill = billed.safeParse(envelope);
    if (!bill.success) return 'untold';
    const { usage, service_tier: tier } = bill.data;
    const cached = Math.min(usage.prompt_tokens_details?.cached_tokens ?? 0, usage.prompt_tokens);
    this.#promptTokens += usage.prompt_tokens;
    this.#cachedTokens += cached;
    this.#completionTokens += usage.completion_tokens;
    const price = this.#prices.get(!tier || tier === 'default' ? model : `${model}/${tier}`);
    if (price === undefined) {
      this.#unpriced = true;
      return 'unpriced';
    }
    const cost =
      money(usage.prompt_tokens - cached, price.input) +
      money(cached, price.cached_input ?? price.input) +
      money(usage.completion_tokens, price.output);
    this.#cost += cost;
    return cost;
  }

  total(): Usage {
    return {
      calls: this.#calls,
      salvage_calls: this.#salvageCalls,
      prompt_tokens: this.#promptTokens,
      cached_tokens: this.#cachedTokens,
      completion_tokens: this.#completionTokens,
      cost_usd: this.#unpriced ? null : toUsd(this.#cost),
      unknown_usage_calls: this.#unknown,
    };
  }
}

/** @param trillionths 10^-12 USD */
export function toUsd(trillionths: bigint): number {
  return Number(trillionths) / TRILLIONTHS_PER_USD;
}

/** @returns 10^-12 USD */
export function fromUsd(usd: number): bigint {
  return BigInt(Math.round(usd * TRILLIONTHS_PER_TOKEN)) * BigInt(TRILLIONTHS_PER_TOKEN);
}

function money(count: number, usdPerMillion: number): bigint {
  return BigInt(count) * BigInt(Math.round(usdPerMillion * TRILLIONTHS_PER_TOKEN));
}
