import { z } from 'zod';

const TRILLIONTHS_PER_USD = 1_000_000_000_000;
/** A price in USD per million tokens, times this, is a whole number of 10^-12 USD per token. */
const TRILLIONTHS_PER_TOKEN = 1_000_000;

const usdPerMillionTokens = z.number().min(0).max(1_000_000);

/**
 * Prices by model, in USD per million tokens. A service tier that is sold at another price has an entry
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

/** Service tiers that are sold at prices of their own; others, named or not, cost what the model costs. */
const SOLD_APART: ReadonlySet<string> = new Set(['flex', 'priority', 'batch', 'scale']);

const tokens = z.int().nonnegative();
const billed = z.object({
  usage: z.object({
    prompt_tokens: tokens,
    completion_tokens: tokens,
    // What is odd about the rest does not make the two unknown.
    total_tokens: tokens.nullish().catch(null),
    prompt_tokens_details: z.object({ cached_tokens: tokens.nullish() }).nullish().catch(null),
    completion_tokens_details: z.object({ reasoning_tokens: tokens.nullish() }).nullish().catch(null),
  }),
  service_tier: z.string().nullish().catch(null),
});

/** What an answer says was billed. */
export interface BilledTokens {
  prompt: number;
  /** The part of `prompt` that the provider found in its cache. */
  cached: number;
  /** With the tokens of reasoning, wherever the service counts them. */
  output: number;
  /** The service tier it was billed at, where it says so. */
  tier: string | undefined;
}

/**
 * @param envelope what came back of a call
 * @returns undefined where it does not tell
 */
export function billedTokens(envelope: unknown): BilledTokens | undefined {
  const bill = billed.safeParse(envelope);
  if (!bill.success) return undefined;
  const { usage, service_tier: tier } = bill.data;
  const { prompt_tokens: prompt, completion_tokens: completion } = usage;
  // Some services bill reasoning beside the completion tokens; then the total alone has all of it.
  const beside = Math.max(0, (usage.total_tokens ?? 0) - prompt - completion);
  const reasoning = usage.completion_tokens_details?.reasoning_tokens ?? Infinity;
  return {
    prompt,
    cached: Math.min(usage.prompt_tokens_details?.cached_tokens ?? 0, prompt),
    output: completion + Math.min(beside, reasoning),
    tier: tier ?? undefined,
  };
}

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
  /** In USD; null where a call has no price, or calls may have been billed and none of them told its usage. */
  cost_usd: number | null;
  /** Calls that may have been billed but told no usage: timed out, broken off, or silent about it. */
  unknown_usage_calls: number;
}

/**
 * Asked before each call for the most it can cost, in 10^-12 USD; undefined where the model has no
 * price. Refuses the call by throwing, or by a promise that rejects. What it returns is told what was really billed.
 */
export type Allowance = (most: bigint | undefined) => Settle | Promise<Settle>;

/** Told what a call was billed, in 10^-12 USD; once. */
type Settle = (billed: bigint) => void;

/** The most that a request can use. */
export interface MostTokens {
  input: number;
  output: number;
  /** The service tier it asks for. */
  tier?: string | undefined;
}

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
  readonly #onUnpricedTier: ((name: string) => void) | undefined;
  #calls = 0;
  #salvageCalls = 0;
  #promptTokens = 0;
  #cachedTokens = 0;
  #completionTokens = 0;
  #unknown = 0;
  #told = 0;
  #cost = 0n;
  #unpriced = false;

  /**
   * @param allowance limits what may be spent; none without it
   * @param onUnpricedTier told the `model/tier` that a call was billed at, where the table lacks that price
   */
  constructor(prices: PriceTable, allowance?: Allowance, onUnpricedTier?: (name: string) => void) {
    this.#prices = new Map(Object.entries(prices));
    this.#allowance = allowance;
    this.#onUnpricedTier = onUnpricedTier;
  }

  /**
   * A request goes out.
   *
   * @throws what the allowance throws when it is used up
   */
  async sent(purpose: 'first' | 'salvage', model: string, most: MostTokens): Promise<Bill> {
    const mostCost = this.#mostCost(model, most);
    const settle = await this.#allowance?.(mostCost);
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

  /** It may be billed at the tier that was asked for or at the model's own price: what is more, counts. */
  #mostCost(model: string, { input, output, tier }: MostTokens): bigint | undefined {
    const prices = [this.#prices.get(model), this.#priceAt(model, tier)];
    let most: bigint | undefined;
    for (const price of prices) {
      const cost = price && money(input, price.input) + money(output, price.output);
      if (cost !== undefined && (most === undefined || cost > most)) most = cost;
    }
    return most;
  }

  #priceAt(model: string, tier: string | undefined): ModelPrice | undefined {
    const own = tier === undefined ? undefined : this.#prices.get(`${model}/${tier}`);
    if (own || (tier !== undefined && SOLD_APART.has(tier))) return own;
    return this.#prices.get(model);
  }

  /** @returns what was billed, in 10^-12 USD */
  #answered(model: string, envelope: unknown): bigint | 'untold' | 'unpriced' {
    const bill = billedTokens(envelope);
    if (!bill) return 'untold';
    const { prompt, cached, output, tier } = bill;
    this.#told++;
    this.#promptTokens += prompt;
    this.#cachedTokens += cached;
    this.#completionTokens += output;
    const price = this.#priceAt(model, tier);
    if (price === undefined) {
      this.#unpriced = true;
      if (tier !== undefined && this.#prices.has(model)) this.#onUnpricedTier?.(`${model}/${tier}`);
      return 'unpriced';
    }
    const cost =
      money(prompt - cached, price.input) +
      money(cached, price.cached_input ?? price.input) +
      money(output, price.output);
    this.#cost += cost;
    return cost;
  }

  get #isCostKnown(): boolean {
    const isSilent = this.#unknown > 0 && this.#told === 0;
    return !this.#unpriced && !isSilent;
  }

  total(): Usage {
    return {
      calls: this.#calls,
      salvage_calls: this.#salvageCalls,
      prompt_tokens: this.#promptTokens,
      cached_tokens: this.#cachedTokens,
      completion_tokens: this.#completionTokens,
      cost_usd: this.#isCostKnown ? toUsd(this.#cost) : null,
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
