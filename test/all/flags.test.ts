import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createQuire, type Logger, type Quire, type QuireOptions } from '../../src/index.js';
import { usualFolder } from '../../src/rollout/backup.js';
import { Decisions } from '../../src/rollout/decision.js';
import { Flags } from '../../src/rollout/flags.js';
import { BATCH_FLAG, flagClient, newFlagClient } from '../flag-client.js';
import { Provider } from '../provider.js';

/** The ways in which the Unleash SDK trips its users; the SDK is real, its server fails as told. */

// The SDK's timers hold up the end of a process whose NODE_ENV is "test", even after it was destroyed.
process.env.NODE_ENV = 'production';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const on: Answer = (_request, response) => {
  const payload = { type: 'json', value: '{"batchSize": 2, "maxWorkers": 3}' };
  const features = [
    {
      name: BATCH_FLAG,
      enabled: true,
      strategies: [
        {
          name: 'flexibleRollout',
          parameters: { groupId: BATCH_FLAG, rollout: '100', stickiness: 'default' },
          variants: [{ name: 'batch', weight: 1000, payload }],
        },
      ],
    },
  ];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ version: 2, features }));
};
const status =
  (code: number): Answer =>
  (_request, response) =>
    response.writeHead(code).end();
const silent: Answer = () => undefined;

/** Answers polls as told, and keeps what metrics are sent. */
class FlagServer {
  answer: Answer = on;
  polls = 0;
  readonly metrics: unknown[] = [];
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.endsWith('/client/features')) {
      this.polls++;
      this.answer(request, response);
      return;
    }
    if (request.url?.endsWith('/client/metrics')) this.metrics.push(await json(request));
    response.writeHead(202).end();
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

let server: FlagServer;
let url: string;
let folder: string;
let provider: Provider;
const quires: Quire[] = [];
const logged: string[] = [];

beforeEach(async () => {
  server = new FlagServer();
  url = await server.start();
  folder = mkdtempSync(join(tmpdir(), 'quire-flags-test-'));
  provider = await Provider.start({ read: () => [] });
  logged.length = 0;
});

afterEach(async () => {
  await Promise.all(quires.splice(0).map((quire) => quire.close()));
  server.close();
  await provider.close();
  rmSync(folder, { recursive: true });
});

async function start(settings: Record<string, string> = {}, options: QuireOptions = {}): Promise<Quire> {
  const before = { ...process.env };
  const flags = { UNLEASH_URL: url, UNLEASH_API_TOKEN: 'token', UNLEASH_REFRESH_MS: '100' };
  // An empty setting counts as one that is not set.
  Object.assign(process.env, flags, { UNLEASH_BACKUP_DIR: folder }, settings);
  const log = (fields: object, message?: string) => void logged.push(`${JSON.stringify(fields)} ${message}`);
  const logger: Logger = { info: log, warn: log, error: log };
  const starting = createQuire({ openai: provider.client(), model: 'test-model', logger, ...options });
  process.env = before;
  const quire = await starting;
  quires.push(quire);
  return quire;
}

const NO_SERVER = { UNLEASH_URL: '', UNLEASH_API_TOKEN: '' };

async function planNow(quire: Quire): Promise<string> {
  return (await quire.processPages({ 1: '' }, { userId: 'u' })).plan.path;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const started = performance.now(); !(await holds()); await sleep(10)) {
    if (performance.now() - started > 100_000) throw new Error(logged.join('\n'));
  }
}

describe('at the start', () => {
  test('a server that refuses connections, or never answers, holds up neither the start nor requests', async () => {
    const refused = await start({ UNLEASH_URL: 'http://127.0.0.1:1/api' });
    expect(await planNow(refused)).toBe('single-page');
    server.answer = silent;
    expect(await planNow(await start())).toBe('single-page');
  });

  test('the first request finds the flags of a server that answers', async () => {
    expect(await planNow(await start())).toBe('batch');
  });

  test('without a server the bootstrap file counts: both flags off, by the real evaluator', async () => {
    const flags = await Flags.fromBootstrap({ info: () => 0, warn: () => 0, error: () => 0 });
    expect(flags.evaluate(BATCH_FLAG, {})).toEqual({ enabled: false });
    expect(flags.state).toEqual({ source: 'bootstrap', problem: null, lastContactAgeMs: null });
    await flags.close();
    expect(await planNow(await start(NO_SERVER))).toBe('single-page');
  });

  test.each([
    ['an address without a token', { UNLEASH_API_TOKEN: '' }],
    ['a token without an address', { UNLEASH_URL: '' }],
  ])('%s is an error', async (_name, settings) => {
    await expect(start(settings)).rejects.toThrow('UNLEASH_URL and UNLEASH_API_TOKEN must be set together');
  });
});

describe('the last known state', () => {
  test('outlives the process in a file nobody else can read, and gives way to the server', async () => {
    await start();
    const file = join(folder, 'flags.json');
    await until(() => readdirSync(folder).includes('flags.json'));
    expect(statSync(file).mode & 0o077).toBe(0);
    await quires.pop()?.close();
    server.answer = status(503);
    expect(await planNow(await start())).toBe('batch');
    expect(await planNow(await start({ UNLEASH_BACKUP_DIR: join(folder, 'other') }))).toBe('single-page');
  });

  test('that is damaged is passed over and told', async () => {
    writeFileSync(join(folder, 'flags.json'), '{"features": [');
    server.answer = status(503);
    expect(await planNow(await start())).toBe('single-page');
    expect(logged.join()).toContain('the backup of the flags cannot be used');
  });

  test('that cannot be written is told once, and the flags of the server count', async () => {
    writeFileSync(join(folder, 'file'), '');
    const quire = await start({ UNLEASH_BACKUP_DIR: join(folder, 'file', 'below') });
    await until(() => server.polls > 5);
    expect(await planNow(quire)).toBe('batch');
    expect(logged.filter((line) => line.includes('the backup of the flags'))).toHaveLength(1);
  });

  test('is not shared between environments, whose tokens differ', async () => {
    const unset = { UNLEASH_BACKUP_DIR: '' };
    const one = { ...unset, UNLEASH_API_TOKEN: `default:production.${process.pid}` };
    const other = { ...unset, UNLEASH_API_TOKEN: `default:staging.${process.pid}` };
    await start(one);
    await until(() => existsSync(join(usualFolder(url, one.UNLEASH_API_TOKEN), 'flags.json')));
    await quires.pop()?.close();
    server.answer = status(503);
    expect(await planNow(await start(one))).toBe('batch');
    expect(await planNow(await start(other))).toBe('single-page');
    rmSync(usualFolder(url, one.UNLEASH_API_TOKEN), { recursive: true });
  });
});

describe('a server in trouble', () => {
  test.each<[string, Answer]>([
    ['errors', status(500)],
    ['no answer that is JSON', (_request, response) => response.writeHead(200).end('<html>')],
    ['resets', (request) => request.socket.resetAndDestroy()],
  ])('%s: the flags stay, and it is told once', async (_name, answer) => {
    const quire = await start();
    server.answer = answer;
    await until(() => logged.join().includes('unreachable'));
    const { polls } = server;
    await until(() => server.polls > polls + 2);
    expect(await planNow(quire)).toBe('batch');
    server.answer = on;
    await until(() => logged.join().includes('Unleash answers again'));
    expect(logged.filter((line) => line.includes('unreachable'))).toHaveLength(1);
  });

  test('a token that is refused for a while does not end the polling for good', async () => {
    const quire = await start();
    server.answer = status(401);
    await until(() => logged.join().includes('token_refused'));
    expect(await planNow(quire)).toBe('batch');
    // A second refusal is tolerated as well.
    const { polls } = server;
    await until(() => server.polls > polls);
    server.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"version": 2, "features": []}');
    };
    await until(async () => (await planNow(quire)) === 'single-page');
    expect(logged.join()).toContain('Unleash answers again');
    // The client that took over reports like the first one.
    await quire.processPages({ 1: 'ACCOUNT NUMBER: 12345678' });
    await quire.close();
    const { impactMetrics } = server.metrics.at(-1) as { impactMetrics?: { name: string }[] };
    expect(impactMetrics?.map(({ name }) => name)).toContain('documents_per_hour');
  });

  test('flags that are no flags are off', async () => {
    server.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ features: [{ name: BATCH_FLAG, enabled: true, strategies: 'all' }] }));
    };
    expect(await planNow(await start())).toBe('single-page');
  });
});

describe('the client of the app', () => {
  test('is used, watched, and not ended', async () => {
    const unleash = await flagClient({ name: BATCH_FLAG, payload: '{"batchSize": 5, "maxWorkers": 2}' });
    const quire = await start({}, { unleash });
    expect((await quire.processPages({ 1: '' })).plan).toEqual({
      path: 'batch',
      batchSize: 5,
      maxWorkers: 2,
    });
    expect(server.polls).toBe(0);
    const listeners = unleash.listenerCount('error');
    await quire.close();
    expect(unleash.listenerCount('error')).toBe(listeners - 1);
    expect(unleash.isEnabled(BATCH_FLAG)).toBe(true);
  });

  test('that was synchronized by its bootstrap alone does not count as reached', async () => {
    const unleash = newFlagClient({ name: BATCH_FLAG });
    const flags = Flags.given(unleash, { info: () => 0, warn: () => 0, error: () => 0 });
    await once(unleash, 'synchronized');
    expect(flags.state.lastContactAgeMs).toBeNull();
    unleash.emit('unchanged');
    expect(flags.state.lastContactAgeMs).not.toBeNull();
    await flags.close();
  });

  test('that has fallen silent is stale, which is told once; one that never answered is not', async () => {
    const warnings: string[] = [];
    const warn = (fields: object) => void warnings.push(JSON.stringify(fields));
    const logger = { info: () => 0, warn, error: () => 0 };
    const clock = jest.spyOn(performance, 'now');
    const at = (seconds: number) => clock.mockReturnValue(seconds * 1_000);
    at(0);
    const polling = await flagClient({ name: BATCH_FLAG });
    const [answering, silent] = [
      Flags.given(polling, logger),
      Flags.given(await flagClient({ name: BATCH_FLAG }), logger),
    ];
    for (const seconds of [15, 30, 45]) {
      at(seconds);
      polling.emit('unchanged');
    }
    at(45 + 119);
    answering.evaluate(BATCH_FLAG, {});
    expect(answering.state.problem).toBeNull();
    at(45 + 121);
    for (let request = 0; request < 3; request++) {
      expect(answering.evaluate(BATCH_FLAG, {})).toMatchObject({ enabled: true });
      silent.evaluate(BATCH_FLAG, {});
    }
    expect(answering.state.problem).toBe('stale');
    expect(silent.state.problem).toBeNull();
    expect(warnings).toEqual(['{"problem":"stale"}']);
    clock.mockRestore();
    await answering.close();
    await silent.close();
  });

  test('that throws sends requests page by page', async () => {
    const unleash = await flagClient({ name: BATCH_FLAG });
    unleash.getVariant = () => {
      throw new Error('broken');
    };
    expect(await planNow(await start({}, { unleash }))).toBe('single-page');
  });
});

describe('payloads that are wrong', () => {
  test('are told once each, and are seen for a minute after the last', () => {
    const warnings: unknown[] = [];
    const logger = { info: () => 0, warn: (fields: unknown) => void warnings.push(fields), error: () => 0 };
    const payloads = ['{"batchSize": 99, "maxWorkers": 3}', '{"batchSize": 2, "maxWorkers": 3}', 'nonsense'];
    let request = 0;
    const evaluate = () => ({ enabled: true, payload: payloads[request++ % payloads.length] });
    const restore = () => {
      throw new Error('nothing is let in');
    };
    const rollback = { admit: () => null, restore, giveUp: () => undefined };
    const decisions = new Decisions({
      flags: { evaluate },
      rollback,
      fixedPlan: undefined,
      forceSinglePage: false,
      logger,
      autoPlan: () => ({ path: 'batch', batchSize: 2, maxWorkers: 3 }),
      answerForms: undefined,
    });
    const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
    for (let index = 0; index < 300; index++) decisions.decide({});
    expect(warnings).toHaveLength(4);
    expect(decisions.payloadWarnings).toEqual(['batch-page-shadow', BATCH_FLAG]);
    clock.mockReturnValue(61_000);
    expect(decisions.payloadWarnings).toEqual([]);
    clock.mockRestore();
  });
});

describe('fixed plans and the switch', () => {
  test('a fixed plan wins over the flag, the switch over all', async () => {
    const unleash = await flagClient({ name: BATCH_FLAG });
    const plan = { path: 'batch', batchSize: 10, maxWorkers: 1 } as const;
    const fixed = await start({}, { unleash, plan });
    expect((await fixed.processPages({ 1: '' })).plan).toEqual(plan);
    const single = await start({}, { unleash, plan: { path: 'single-page' } });
    expect(await planNow(single)).toBe('single-page');
    const forced = await start({ QUIRE_FORCE_SINGLE_PAGE: '1' }, { unleash, plan });
    expect(await planNow(forced)).toBe('single-page');
  });
});

describe('at the end', () => {
  test('counts and impact metrics of the last minute are sent', async () => {
    const quire = await start();
    await quire.processPages({ 1: 'ACCOUNT NUMBER: 12345678', 2: 'Some more text' });
    await quire.close();
    const [sent] = server.metrics as [
      { bucket: { toggles: Record<string, { yes: number }> }; impactMetrics: { name: string }[] },
    ];
    expect(sent.bucket.toggles[BATCH_FLAG]?.yes).toBe(1);
    expect(sent.impactMetrics.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['avg_processing_time_seconds', 'llm_calls_per_document', 'documents_per_hour']),
    );
  });

  test('a poll that fails after it does not crash the process, which ends by itself', async () => {
    const script = `
      import { createQuire } from '${new URL('../../dist/index.js', import.meta.url).href}';
      const quire = await createQuire({ plan: { path: 'single-page' } });
      process.on('message', async () => {
        await quire.close();
        process.send('closed');
        process.disconnect();
      });
      process.send('started');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: {
        PATH: process.env.PATH,
        UNLEASH_URL: url,
        UNLEASH_API_TOKEN: 'token',
        UNLEASH_REFRESH_MS: '100',
        UNLEASH_BACKUP_DIR: folder,
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    const held: IncomingMessage[] = [];
    server.answer = (request) => void held.push(request);
    await until(() => held.length > 0);
    child.send('close');
    await once(child, 'message');
    for (const request of held) request.socket.resetAndDestroy();
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
  });
});
