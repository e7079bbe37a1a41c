import type { EventEmitter } from 'node:events';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { Unleash } from 'unleash-client';
import { z } from 'zod';
import { loggable, type Logger } from '../logger.js';
import { backedUp, bootstrapOnly, usualFolder, type FlagStorage } from './backup.js';

/** The part of an Unleash client that is used; the caller's may come from any copy of `unleash-client`. */
export interface UnleashClient {
  getVariant(flag: string, context: UnleashContext): FlagVariant;
  on(event: string, listener: (told: unknown) => void): unknown;
  off(event: string, listener: (told: unknown) => void): unknown;
  isSynchronized?(): boolean;
  impactMetrics?: ImpactMetrics;
  /** What Unleash has sent of a flag; missing in clients that are no server-side SDK. */
  getFeatureToggleDefinition?(flag: string): unknown;
}

/** What a flag is evaluated for, as an Unleash client takes it. */
interface UnleashContext {
  [name: string]: string | Record<string, string | number> | undefined;
  userId?: string;
  sessionId?: string;
  properties?: Record<string, string | number>;
}

/** A flag as an Unleash client evaluated it. */
interface FlagVariant {
  enabled: boolean;
  /** Missing in older copies of the SDK. */
  feature_enabled?: boolean;
  payload?: { value: string } | undefined;
}

/** Where a client reports figures to Unleash, in versions that can. */
export interface ImpactMetrics {
  defineGauge(name: string, help: string): void;
  updateGauge(name: string, value: number): void;
}

/** Who asks, for stickiness and constraints. Nothing of it is logged. */
export interface FlagContext {
  userId?: string | undefined;
  sessionId?: string | undefined;
  properties?: Readonly<Record<string, string | number>> | undefined;
}

/** A flag as one request finds it. */
export type Evaluation = { enabled: false } | { enabled: true; payload: string | undefined };

export interface UnleashServer {
  url: string;
  token: string;
  /** Milliseconds between two polls. */
  refreshMs: number;
  /** Where the last known state is kept. Default: a folder of its own in the system's temporary one. */
  backupDir?: string | undefined;
}

/** A flag as it is set in Unleash, as far as its strategies tell. */
export interface FlagSetting {
  /** Switched on in its environment; still nobody may have it. */
  isOn: boolean;
  /** Each lets in some requests; without any, all. */
  strategies: {
    /** Of the requests that meet its constraints; null where the strategy goes by something else. */
    percentage: number | null;
    hasConstraints: boolean;
  }[];
  /** What its variants carry, each once. */
  payloads: string[];
}

const variants = z.array(z.object({ payload: z.object({ value: z.string() }).optional() })).optional();

/** What Unleash sends to server-side SDKs, of which no more is relied on than is here. */
const definition = z.object({
  enabled: z.boolean(),
  variants,
  strategies: z
    .array(
      z.object({
        name: z.string(),
        parameters: z
          .object({ rollout: z.coerce.number().min(0).max(100).optional().catch(undefined) })
          .optional(),
        constraints: z.array(z.unknown()).optional(),
        segments: z.array(z.unknown()).optional(),
        variants,
      }),
    )
    .optional(),
});

/** How it stands with the server the flags come from. */
export interface FlagsState {
  /** `caller` is a client given to `createQuire`; `bootstrap` is the file that ships, without a server. */
  source: 'caller' | 'server' | 'bootstrap';
  /** Why the flags may be out of date; null when they are not. */
  problem: 'token_refused' | 'unreachable' | 'stale' | null;
  /** Milliseconds since the server last answered; null when it never did. */
  lastContactAgeMs: number | null;
}

const TROUBLE = ['error', 'warn'] as const;

/** A start waits so long for the flags; requests never do. */
const START_LIMIT_MS = 2_000;
const REQUEST_LIMIT_MS = 5_000;
const FLUSH_LIMIT_MS = 1_000;
/** Polls without an answer before the flags count as stale. */
const STALE_POLLS = 5;
const STALE_LEAST_MS = 30_000;
/** A client given by the caller polls at an interval of its own: the longest seen so far tells. */
const STALE_UNKNOWN_MS = 120_000;
/** The SDK stops polling for good when its token is refused; after so many polls a new client tries again. */
const REFUSED_POLLS = 10;

/**
 * The flags in force, from one Unleash client. Evaluating never throws and never waits: without an
 * answer of the server the last known state counts, then the backup file, then the bootstrap file.
 */
export class Flags {
  readonly #source: FlagsState['source'];
  readonly #staleAfterMs: number;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  #client: UnleashClient;
  #stop: () => Promise<void> = () => Promise.resolve();
  readonly #since = performance.now();
  #contactAt: number | undefined;
  #longestGap = 0;
  #trouble: FlagsState['problem'] = null;

  private constructor(client: UnleashClient, source: FlagsState['source'], staleMs: number, logger: Logger) {
    this.#client = client;
    this.#source = source;
    this.#staleAfterMs = staleMs;
    this.#logger = logger;
  }

  /** Uses the caller's client, which stays the caller's: it is not ended here. */
  static given(client: UnleashClient, logger: Logger): Flags {
    const flags = new Flags(client, 'caller', STALE_UNKNOWN_MS, logger);
    // A bootstrap makes a client synchronized and changed, too: what comes before is not surely the server's.
    const answers = client.isSynchronized?.()
      ? (['changed', 'unchanged'] as const)
      : (['unchanged'] as const);
    const unwatch = flags.#watch(client, answers, () => undefined);
    flags.#stop = () => Promise.resolve(unwatch());
    return flags;
  }

  /** Evaluates the bootstrap file with the real evaluator, without a server. */
  static async fromBootstrap(logger: Logger): Promise<Flags> {
    const client = newClient({ url: 'http://127.0.0.1/', token: '', refreshMs: 0 }, bootstrapOnly());
    const flags = new Flags(client, 'bootstrap', Infinity, logger);
    await started(client, START_LIMIT_MS);
    flags.#stop = () => Promise.resolve(destroy(client));
    return flags;
  }

  /** Polls a server. Resolves after its first answer or failure, and in any case after 2 s. */
  static async fromServer(given: UnleashServer, logger: Logger): Promise<Flags> {
    const startedAt = performance.now();
    const server = { ...given, url: await apiAddress(given) };
    if (server.url !== withoutSlash(given.url)) {
      logger.warn({ what_to_do: 'end UNLEASH_URL with /api' }, 'UNLEASH_URL lacks /api and is used with it');
    }
    const folder = server.backupDir ?? usualFolder(given.url, given.token);
    let told = false;
    const storage = backedUp(folder, (error) => {
      if (!told) logger.warn(loggable(error), 'the backup of the flags cannot be used');
      told = true;
    });
    const client = newClient(server, storage);
    const staleMs = Math.max(STALE_LEAST_MS, STALE_POLLS * server.refreshMs);
    const flags = new Flags(client, 'server', staleMs, logger);
    const use = (client: Unleash) => {
      const unwatch = flags.#watch(
        client,
        ['changed', 'unchanged'],
        () => void flags.#replace(server, storage, use),
      );
      flags.#client = client;
      flags.#stop = async () => {
        unwatch();
        // Without this the last minute's counts would be lost.
        await within(FLUSH_LIMIT_MS, client.flushMetrics());
        destroy(client);
      };
    };
    use(client);
    await started(client, startedAt + START_LIMIT_MS - performance.now());
    return flags;
  }

  /**
   * Evaluates a flag once.
   *
   * @returns never enabled when the evaluation fails
   */
  evaluate(flag: string, context: FlagContext): Evaluation {
    // No event tells of it: what made the flags stale is that none came.
    if (this.#isStale && this.#trouble === null) this.#troubled('stale');
    try {
      // No fallback variant: the SDK returns it also for a flag that is off.
      const variant = this.#client.getVariant(flag, sdkContext(context));
      // Copies of the SDK from before `feature_enabled` know a flag that is on by its variant alone.
      if (!(variant.feature_enabled ?? variant.enabled)) return { enabled: false };
      return { enabled: true, payload: variant.enabled ? variant.payload?.value : undefined };
    } catch (error) {
      this.#logger.error({ flag, ...loggable(error) }, 'a flag cannot be evaluated');
      return { enabled: false };
    }
  }

  /** How a flag is set, without evaluating it; undefined where the client does not tell, or has no such flag. */
  setting(flag: string): FlagSetting | undefined {
    let told: unknown;
    try {
      told = this.#client.getFeatureToggleDefinition?.(flag);
    } catch (error) {
      this.#logger.error({ flag, ...loggable(error) }, 'a flag cannot be looked at');
    }
    const known = definition.safeParse(told).data;
    if (!known) return undefined;
    const { enabled, strategies = [] } = known;
    const all = [...strategies.map((strategy) => strategy.variants), known.variants].flatMap(
      (some) => some ?? [],
    );
    return {
      isOn: enabled,
      strategies: strategies.map(({ name, parameters, constraints = [], segments = [] }) => ({
        percentage: name === 'default' ? 100 : (parameters?.rollout ?? null),
        hasConstraints: constraints.length + segments.length > 0,
      })),
      payloads: [...new Set(all.flatMap(({ payload }) => (payload ? [payload.value] : [])))],
    };
  }

  get state(): FlagsState {
    const age = this.#contactAt === undefined ? null : performance.now() - this.#contactAt;
    return {
      source: this.#source,
      problem: this.#trouble ?? (this.#isStale ? 'stale' : null),
      lastContactAgeMs: age === null ? null : Math.round(age),
    };
  }

  get #isStale(): boolean {
    const silence = performance.now() - (this.#contactAt ?? this.#since);
    if (this.#source === 'server') return silence > this.#staleAfterMs;
    // Of a client that streams or does not poll, silence says nothing.
    return this.#longestGap > 0 && silence > Math.max(this.#staleAfterMs, STALE_POLLS * this.#longestGap);
  }

  /** Where metrics are reported to, in clients that can. */
  get impactMetrics(): ImpactMetrics | undefined {
    return this.#source === 'bootstrap' ? undefined : this.#client.impactMetrics;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#stop();
  }

  /** @param answers the events that tell of an answer of the server */
  #watch(
    client: UnleashClient,
    answers: readonly ('changed' | 'unchanged')[],
    onRefused: () => void,
  ): () => void {
    const reached = () => {
      const now = performance.now();
      if (this.#contactAt !== undefined) this.#longestGap = Math.max(this.#longestGap, now - this.#contactAt);
      this.#contactAt = now;
      this.#troubled(null);
    };
    const failed = (problem: unknown) => {
      const text = problem instanceof Error ? problem.message : String(problem);
      // The same events also tell of metrics that were not taken and of requests before the start.
      if (!/Repository error|responded \d{3}|responded [A-Z_]+ \(\d{3}\)|keep alive/.test(text)) return;
      const refused = /responded 40[13]/.test(text);
      this.#troubled(refused ? 'token_refused' : 'unreachable');
      if (refused) onRefused();
    };
    for (const event of answers) client.on(event, reached);
    for (const event of TROUBLE) client.on(event, failed);
    return () => {
      for (const event of answers) client.off(event, reached);
      for (const event of TROUBLE) client.off(event, failed);
    };
  }

  #troubled(trouble: FlagsState['problem']): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    if (trouble === null) this.#logger.info({}, 'Unleash answers again');
    else
      this.#logger.warn({ problem: trouble }, 'Unleash does not answer: the last known flags stay in force');
  }

  /** Tries a new client in place of one that has stopped polling, which stays in use until that succeeds. */
  async #replace(server: UnleashServer, storage: FlagStorage, use: (client: Unleash) => void): Promise<void> {
    const stopOld = this.#stop;
    for (;;) {
      try {
        await sleep(REFUSED_POLLS * server.refreshMs, undefined, {
          signal: this.#closing.signal,
          ref: false,
        });
      } catch {
        return;
      }
      const client = newClient(server, storage);
      const answers: string[] = [];
      client.on('changed', () => answers.push('changed')).on('error', ignore);
      // Ends with the first poll; nobody waits for it.
      await client.start().catch(ignore);
      await setImmediate();
      if (this.#closing.signal.aborted || answers.length === 0) {
        destroy(client);
        continue;
      }
      use(client);
      this.#contactAt = performance.now();
      this.#troubled(null);
      await stopOld();
      return;
    }
  }
}

/** The address of the API, where people give that of the server; without an answer, the usual one is taken. */
async function apiAddress({ url, token }: UnleashServer): Promise<string> {
  const given = withoutSlash(url);
  if (given.endsWith('/api')) return given;
  const usual = `${given}/api`;
  const [isUsual, isGiven] = await Promise.all([isApi(usual, token), isApi(given, token)]);
  return isGiven && !isUsual ? given : usual;
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, '');
}

/** Whether the flags are to be had there, or would be with another token. */
async function isApi(address: string, token: string): Promise<boolean> {
  try {
    const answer = await fetch(`${address}/client/features`, {
      headers: { authorization: token },
      signal: AbortSignal.timeout(START_LIMIT_MS),
    });
    await answer.body?.cancel();
    const isJson = /\bjson\b/.test(answer.headers.get('content-type') ?? '');
    return isJson && (answer.ok || answer.status === 401 || answer.status === 403);
  } catch {
    return false;
  }
}

function newClient({ url, token, refreshMs }: UnleashServer, storageProvider: FlagStorage): Unleash {
  return new Unleash({
    url,
    appName: 'quire',
    customHeaders: { Authorization: token },
    refreshInterval: refreshMs,
    timeout: REQUEST_LIMIT_MS,
    disableMetrics: refreshMs === 0,
    storageProvider,
    disableAutoStart: true,
    skipInstanceCountWarning: true,
  });
}

async function started(client: Unleash, limitMs: number): Promise<void> {
  // `start` ends with the first poll, whatever came of it; `startUnleash` would reject.
  await within(limitMs, client.start());
  // The client counts itself ready two ticks after its data is there.
  await setImmediate();
}

/** Waits for work, but not longer than so many milliseconds, and not for how it ends. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  const ended = new AbortController();
  const late = sleep(ms, undefined, { signal: ended.signal }).catch(ignore);
  await Promise.race([work.catch(ignore), late]);
  ended.abort();
}

/** The SDK takes its listeners off when it is destroyed; a poll that then fails would end the process. */
function destroy(client: Unleash): void {
  client.destroy();
  (client as unknown as { repository: EventEmitter }).repository.on('error', ignore);
}

function sdkContext({ userId, sessionId, properties }: FlagContext): UnleashContext {
  return {
    ...(userId !== undefined && { userId }),
    ...(sessionId !== undefined && { sessionId }),
    ...(properties && { properties: { ...properties } }),
  };
}

function ignore(): void {
  // Watched elsewhere, or of no consequence.
}
