/** What one call took, and what for. */
export interface Observation {
  pages: number;
  /** Tokens that were announced to the rate limits: an upper bound. */
  announcedTokens: number;
  answerTokens: number;
  ms: number;
}

/** How long answers take and what they hold, on average, of late. */
export interface Pace {
  /** Milliseconds of a call whatever its answer. */
  callMs: number;
  /** Milliseconds for each page of a call. */
  pageMs: number;
  /** Of those announced, for each page. */
  announcedTokensAPage: number;
}

/** Fewer calls say nothing. */
const FEWEST_CALLS = 10;
/** How much an older call counts for each one since. */
const FADING = 0.98;

/**
 * Learns from the calls of one model service how their time divides into a fixed part and one that grows
 * with the answer: a line through the calls' answer tokens and times, older calls fading.
 */
export class Latency {
  #calls = 0;
  readonly #sums = { weight: 0, pages: 0, announced: 0, tokens: 0, ms: 0, tokens2: 0, tokensMs: 0 };

  observe({ pages, announcedTokens, answerTokens: tokens, ms }: Observation): void {
    this.#calls++;
    const sums = this.#sums;
    const add = (name: keyof typeof sums, value: number) => (sums[name] = FADING * sums[name] + value);
    add('weight', 1);
    add('pages', pages);
    add('announced', announcedTokens);
    add('tokens', tokens);
    add('ms', ms);
    add('tokens2', tokens * tokens);
    add('tokensMs', tokens * ms);
  }

  /** undefined until enough calls have been seen. */
  get pace(): Pace | undefined {
    if (this.#calls < FEWEST_CALLS) return undefined;
    const { weight, pages, announced, tokens, ms, tokens2, tokensMs } = this.#sums;
    const mean = { tokens: tokens / weight, ms: ms / weight };
    const variance = tokens2 / weight - mean.tokens ** 2;
    const slope = variance > 1 ? (tokensMs / weight - mean.tokens * mean.ms) / variance : 0;
    // Neither part can be negative.
    const tokenMs = mean.tokens > 0 ? Math.min(mean.ms / mean.tokens, Math.max(0, slope)) : 0;
    return {
      callMs: mean.ms - tokenMs * mean.tokens,
      pageMs: tokenMs * (tokens / pages),
      announcedTokensAPage: announced / pages,
    };
  }
}
