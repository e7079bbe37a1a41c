import type { ChatClient } from './client.js';
import { Latency } from './latency.js';
import { RateLimits } from './rate-limits.js';

/** What this process has learned of a model service. All documents share it. */
export interface Service {
  limits: RateLimits;
  latency: Latency;
}

const services = new WeakMap<ChatClient, Map<string, Service>>();

/** One for each client and model: limits and times are theirs. */
export function serviceOf({ client, name }: { client: ChatClient; name: string }): Service {
  const models = services.get(client) ?? new Map<string, Service>();
  const service = models.get(name) ?? { limits: new RateLimits(), latency: new Latency() };
  services.set(client, models.set(name, service));
  return service;
}
