import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { UnleashServer, type Feature } from '../unleash/unleash.js';

let dataDir: string;
let server: UnleashServer;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'unleash-'));
  server = await UnleashServer.start({ dataDir });
});
afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true });
});

test('both flags are there, off and at 0 %, with the payload they start with', async () => {
  const features = await server.features();
  expect(features.map(({ name }) => name).sort()).toEqual(['batch-page-processing', 'batch-page-shadow']);
  for (const { name, enabled, strategies } of features) {
    expect(enabled).toBe(false);
    expect(strategies).toMatchObject([
      {
        name: 'flexibleRollout',
        parameters: { rollout: '0', stickiness: 'default', groupId: name },
        variants: [
          {
            name: 'batch',
            weight: 1000,
            stickiness: 'default',
            payload: { type: 'json', value: '{"batchSize": 2, "maxWorkers": 3}' },
          },
        ],
      },
    ]);
  }
});

test('clients see a flip; what it does not name stays as it is', async () => {
  await server.flip('batch-page-processing', { enabled: true, rollout: 30, stickiness: 'userId' });
  await server.flip('batch-page-processing', { payload: '{"batchSize": 3, "maxWorkers": 5}' });
  expect(await flag('batch-page-processing')).toMatchObject({
    enabled: true,
    strategies: [
      {
        parameters: { rollout: '30', stickiness: 'userId', groupId: 'batch-page-processing' },
        variants: [{ payload: { type: 'json', value: '{"batchSize": 3, "maxWorkers": 5}' } }],
      },
    ],
  });
  expect(await flag('batch-page-shadow')).toMatchObject({ enabled: false });
});

test('a payload that is no JSON gets through as a string only', async () => {
  await expect(server.flip('batch-page-shadow', { payload: '{2, 3}' })).rejects.toThrow('400');
  await server.flip('batch-page-shadow', { payload: '{2, 3}', payloadType: 'string' });
  expect(await flag('batch-page-shadow')).toMatchObject({
    strategies: [{ variants: [{ payload: { type: 'string', value: '{2, 3}' } }] }],
  });
});

test('the state survives a crash', async () => {
  const before = await server.features();
  const { port, adminToken, clientToken } = server;
  await server.kill();
  await expect(server.features()).rejects.toThrow();

  server = await UnleashServer.start({ port, dataDir, adminToken, clientToken });
  expect(await server.features()).toEqual(before);
  await server.flip('batch-page-processing', { enabled: false });
  expect(await flag('batch-page-processing')).toMatchObject({ enabled: false });
});

test('a port that is taken is said at once', async () => {
  await expect(UnleashServer.start({ port: server.port })).rejects.toThrow(
    `port ${server.port} of 127.0.0.1 is taken`,
  );
});

async function flag(name: string): Promise<Feature | undefined> {
  return (await server.features()).find((feature) => feature.name === name);
}
