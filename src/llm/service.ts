import { Latency } from './latency.js';
import type { ChatClient, Model } from './model.js';
import { PromptCache } from './prompt-cache.js';
import { RateLimits } from './rate-limits.js';

/** What this process has learned of a model service. All documents share it. */
export interface Service {
  limits: RateLimits;
  latency: Latency;
  cache: PromptCache;
}

const services = new WeakMap<ChatClient, Map<string, Service>>();

/** One for each client and model: limits and times are theirs. */
export function serviceOf({ client, name }: Pick<Model, 'client' | 'name'>): Service {
  const models = services.get(client) ?? new Map<string, Service>();
  const service = models.get(name) ?? {
    ...{ limits: new RateLimits(), latency: new Latency(), cache: new PromptCache() },
  };
  services.set(client, models.set(name, service));
  return service;
}
