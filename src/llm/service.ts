import { createHash } from 'node:crypto';
import { systemClock, type Clock } from '../clock.js';
import { AnswerForms } from './answer-forms.js';
import type { ChatClient } from './client.js';
import { Dialect, type DialectSettings } from './dialect.js';
import { Latency } from './latency.js';
import { CallQueue } from './queue.js';
import { RateLimits } from './rate-limits.js';
import { ServiceRefusal } from './service-refusal.js';
import { SpacedCalls, type RatesPerMinute } from './spaced-calls.js';

/** What is known of one model of a service: limits, times, what it takes and how it answers best are the model's. */
export class ModelState {
  readonly limits: RateLimits;
  readonly latency = new Latency();
  readonly answerForms = new AnswerForms();
  readonly refusal: ServiceRefusal;
  readonly #dialects = new Map<string, Dialect>();

  constructor(readonly clock: Clock) {
    this.limits = new RateLimits(clock);
    this.refusal = new ServiceRefusal(clock);
  }

  /** Callers who set parts of it otherwise have dialects of their own. */
  dialect(settings: DialectSettings): Dialect {
    const key = `${settings.responseFormat ?? ''} ${settings.tokenParameter ?? ''}`;
    const dialect = this.#dialects.get(key) ?? new Dialect(settings);
    this.#dialects.set(key, dialect);
    return dialect;
  }
}

/**
 * All that this process knows of one model service: the queue of its calls, and what was learned of each of
 * its models. There is one for each address and key, however many clients and Quires use it; a client that
 * tells neither is a service of its own.
 */
export class ModelService {
  readonly queue: CallQueue;
  readonly #models = new Map<string, ModelState>();

  constructor(readonly clock: Clock) {
    this.queue = new CallQueue(clock);
  }

  /**
   * The service that a client asks.
   *
   * @param clock what a service that nobody has asked before tells the time by
   */
  static of(client: ChatClient, clock: Clock = systemClock): ModelService {
    const known = byClient.get(client);
    if (known) return known;
    const address = addressOf(client);
    const service = (address === undefined ? undefined : byAddress.get(address)) ?? new ModelService(clock);
    if (address !== undefined) byAddress.set(address, service);
    byClient.set(client, service);
    return service;
  }

  /**
   * Keeps to so many calls at once; where several ask for that, to the smallest.
   *
   * @param calls from 1
   * @returns ends it; when the last one ends, clients that are made later begin anew
   */
  cap(calls: number): () => void {
    const uncap = this.queue.cap(calls);
    return () => {
      uncap();
      if (this.queue.isCapped) return;
      for (const [address, service] of byAddress) if (service === this) byAddress.delete(address);
    };
  }

  /**
   * Spaces the calls of this process within limits a minute; where several ask for that, within those of the first.
   *
   * @returns ends it
   */
  space(rates: RatesPerMinute): () => void {
    if (rates.requests === undefined && rates.tokens === undefined) return () => undefined;
    const share = this.queue.share(new SpacedCalls(rates, this.clock));
    return () => share.end();
  }

  model(name: string): ModelState {
    const state = this.#models.get(name) ?? new ModelState(this.clock);
    this.#models.set(name, state);
    return state;
  }
}

/**
 * The name of a service that all processes know it by: of its address and key, or of the model where the client tells
 * neither.
 */
export function serviceName(client: ChatClient, model: string): string {
  return addressOf(client) ?? model;
}

const byAddress = new Map<string, ModelService>();
/** Asked first: a client that gets its key from a function may show another one each time. */
const byClient = new WeakMap<ChatClient, ModelService>();

/** Names a service by its address and key, and keeps neither; undefined for a client that does not tell both. */
function addressOf(client: ChatClient): string | undefined {
  const {
    baseURL,
    apiKey,
    _options: options,
  } = client as { baseURL?: unknown; apiKey?: unknown; _options?: unknown };
  if (typeof baseURL !== 'string' || typeof apiKey !== 'string' || getsKeys(options)) return undefined;
  return createHash('sha256')
    .update(JSON.stringify([baseURL, apiKey]))
    .digest('hex');
}

/** Clients that get their key from a function show a text in its place that is no key. */
function getsKeys(options: unknown): boolean {
  return typeof (options as { apiKey?: unknown } | undefined)?.apiKey === 'function';
}
