import { createQuire, type Quire } from '../src/index.js';
import { Provider, type Call } from './provider.js';
import type { TokenBucket } from './token-bucket.js';

/** A limit as a service keeps it; its "minute" is short. */
export interface Kept {
  readonly size: number;
  /** What is left at this moment. */
  level(): number;
  take(amount: number): void;
  /** Milliseconds until all of it is there again. */
  resetMs(): number;
}

/** Fills at once when a window ends. */
export class Window implements Kept {
  #taken = 0;
  #endsAt = 0;

  constructor(
    readonly size: number,
    readonly minuteMs: number,
  ) {}

  level(): number {
    const now = performance.now();
    if (now >= this.#endsAt) {
      this.#taken = 0;
      this.#endsAt = now + this.minuteMs;
    }
    return this.size - this.#taken;
  }

  take(amount: number): void {
    this.#taken += amount;
  }

  resetMs(): number {
    return this.#endsAt - performance.now();
  }
}

export interface Limited {
  provider: Provider;
  /** Until then it limits nothing and tells of no limit. */
  limit: () => void;
  /** When each call that was rejected came, by the clock of `performance.now()`. */
  rejected: number[];
  /** When each call that was let in came, and what it was charged. */
  letIn: { at: number; charged: number }[];
}

/** A service that charges calls when they come, and answers after a moment. */
export async function serviceWith(
  of: 'requests' | 'tokens',
  limit: Kept,
  charge: (call: Call) => number,
): Promise<Limited> {
  const rejected: number[] = [];
  const letIn: { at: number; charged: number }[] = [];
  const headers: Record<string, string>[] = [];
  const waits: (number | undefined)[] = [];
  let isLimited = false;
  const provider = await Provider.start({
    read: () => [],
    delay: (call, index) => {
      if (!isLimited) return 1;
      const charged = charge(call);
      const isIn = limit.level() >= charged;
      if (isIn) limit.take(charged);
      headers[index] = {
        [`x-ratelimit-limit-${of}`]: String(limit.size),
        [`x-ratelimit-remaining-${of}`]: String(Math.max(0, Math.floor(limit.level()))),
        [`x-ratelimit-reset-${of}`]: `${Math.ceil(limit.resetMs())}ms`,
      };
      if (isIn) letIn.push({ at: performance.now(), charged });
      else rejected.push(performance.now());
      waits[index] = isIn ? undefined : 20;
      return isIn ? 5 : 0;
    },
    fault: (_call, index) => {
      const wait = waits[index];
      return wait === undefined ? undefined : { status: 429, headers: { 'retry-after-ms': String(wait) } };
    },
    headers: (_call, index) => headers[index] ?? {},
  });
  return { provider, limit: () => (isLimited = true), rejected, letIn };
}

/** A Quire whose connections and code are warm: calls reach the service in a moment, as measured against its "minute". */
export async function quireFor({ provider, limit }: Limited, concurrency: number): Promise<Quire> {
  const quire = await createQuire({
    openai: provider.client(),
    model: 'test-model',
    plan: { path: 'batch', batchSize: 1, maxWorkers: 20 },
    settings: { LLM_MAX_CONCURRENCY: concurrency },
  });
  await quire.processPages(pages(60));
  limit();
  return quire;
}

/** `count` pages of one account. */
export function pages(count: number): Record<number, string> {
  const text = (page: number) => `Sheet ${page} of the package ACCOUNT NUMBER: 12345678`;
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [index + 1, text(index + 1)]));
}

/** The share of what the limit let in, from full at the first call to the last call, that was used. */
export function shareUsed({ letIn }: Limited, { size, minuteMs }: TokenBucket): number {
  const [first, last] = [letIn[0]?.at ?? NaN, letIn.at(-1)?.at ?? NaN];
  const used = letIn.reduce((sum, { charged }) => sum + charged, 0);
  return used / (size + ((last - first) / minuteMs) * size);
}

/** What an answer may take at most, as services count it before they answer. */
export const most = ({ maxTokens, bytes }: Call) => maxTokens + Math.ceil(bytes / 4);
