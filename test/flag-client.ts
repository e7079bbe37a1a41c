import { once } from 'node:events';
import { Unleash } from 'unleash-client';

export interface Flag {
  name: string;
  rollout?: number;
  payload?: string;
}

/**
 * The client of an app with an Unleash of its own: the real SDK, its flags on, read from a bootstrap and
 * never from a server.
 */
export async function flagClient(...flags: Flag[]): Promise<Unleash> {
  const client = newFlagClient(...flags);
  await once(client, 'synchronized');
  return client;
}

/** The same, before it has read its bootstrap. */
export function newFlagClient(...flags: Flag[]): Unleash {
  return new Unleash({
    url: 'http://127.0.0.1:1/api',
    appName: 'monolith',
    refreshInterval: 0,
    disableMetrics: true,
    skipInstanceCountWarning: true,
    storageProvider: { get: () => Promise.resolve(undefined), set: () => Promise.resolve() },
    bootstrap: {
      data: flags.map(({ name, rollout = 100, payload = '{"batchSize": 2, "maxWorkers": 3}' }) => ({
        name,
        enabled: true,
        strategies: [
          {
            name: 'flexibleRollout',
            constraints: [],
            parameters: { groupId: name, rollout: String(rollout), stickiness: 'default' },
            variants: [{ name: 'batch', weight: 1000, payload: { type: 'json', value: payload } }],
          },
        ],
      })) as never,
    },
  });
}

export const BATCH_FLAG = 'batch-page-processing';
export const SHADOW_FLAG = 'batch-page-shadow';
