import { randomUUID } from 'node:crypto';
import { systemClock, type Clock } from '../clock.js';
import type { CallEnding, NextCall, Place, PlaceAnswer, SharedLimits } from './shared-limits.js';
import { LearnedShare } from './learned-share.js';
import { callMs, LOOK_AHEAD_MS } from './spacing.js';

/** Limits a minute, from 1; undefined for none. */
export interface RatesPerMinute {
  requests: number | undefined;
  tokens: number | undefined;
}

/** Spaces the calls of this process within limits a minute: no more than one starts ahead of its time. */
export class SpacedCalls implements SharedLimits {
  readonly #clock: Clock;
  readonly #requestMs: number;
  readonly #tokenMs: number;
  readonly #share = new LearnedShare(0, 1);
  readonly #underWay = new Map<string, { announced: number; charged: number }>();
  #nextRequestAt = -Infinity;
  #nextTokenAt = -Infinity;

  constructor({ requests, tokens }: RatesPerMinute, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#requestMs = callMs(requests) ?? 0;
    this.#tokenMs = callMs(tokens) ?? 0;
  }

  take([call]: readonly NextCall[], leaving: number): Promise<PlaceAnswer> {
    return Promise.resolve(this.#answer(call, leaving));
  }

  #answer(call: NextCall | undefined, leaving: number): PlaceAnswer {
    const now = this.#clock.now();
    const waitMs = Math.max(0, this.#nextRequestAt - now, this.#nextTokenAt - now);
    const lookAheadMs = leaving > 0 ? 0 : LOOK_AHEAD_MS;
    const answer = { lost: [], away: undefined };
    if (!call) return { ...answer, place: undefined, againMs: 0, why: undefined };
    if (waitMs > lookAheadMs) {
      return { ...answer, place: undefined, againMs: waitMs - lookAheadMs, why: 'rate_limit' };
    }
    const charged = call.tokens * this.#share.value;
    const startsAt = now + waitMs;
    this.#nextRequestAt = startsAt + this.#requestMs;
    this.#nextTokenAt = startsAt + charged * this.#tokenMs;
    const place = { id: randomUUID(), document: call.document, waitMs };
    this.#underWay.set(place.id, { announced: call.tokens, charged });
    return { ...answer, place, againMs: 0, why: undefined };
  }

  give({ id }: Place, { used }: CallEnding): Promise<undefined> {
    const call = this.#underWay.get(id);
    this.#underWay.delete(id);
    if (call && used !== undefined) {
      this.#nextTokenAt += (used - call.charged) * this.#tokenMs;
      // One that used nothing was not made.
      if (used > 0) this.#share.learn(call.announced, used);
    }
    return Promise.resolve(undefined);
  }
}
