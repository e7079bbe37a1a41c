import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { on, once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('./server.js', import.meta.url));

/** The server is up in 5 to 10 s; with every core at work on other tests it takes longer. */
const START_LIMIT_MS = 180_000;

export interface StartOptions {
  /** any free one unless given */
  port?: number;
  /** a folder that outlives the server; without one the state is in memory */
  dataDir?: string;
  /** `*:*.<secret>`, random unless given */
  adminToken?: string;
  /** `default:development.<secret>`, random unless given */
  clientToken?: string;
}

/** What is not named stays as it is. */
export interface Flip {
  enabled?: boolean;
  /** share of requests, 0 to 100 */
  rollout?: number;
  /** the raw text; Unleash refuses text that is no JSON object unless `payloadType` is `string` */
  payload?: string;
  payloadType?: 'json' | 'string';
  stickiness?: string;
  constraints?: unknown[];
}

interface Variant {
  name: string;
  weight: number;
  stickiness: string;
  payload?: { type: string; value: string };
}

interface Strategy {
  name: string;
  parameters: Record<string, string>;
  constraints: unknown[];
  variants: Variant[];
}

export interface Feature {
  name: string;
  enabled: boolean;
  strategies: Strategy[];
}

/** What it takes to use an environment of an Unleash server. */
export interface UnleashAccess {
  url: string;
  adminToken: string;
  clientToken: string;
  environment: string;
}

/** Both flags as one environment of an Unleash server has them: at first off and at 0 %. */
export class UnleashEnvironment {
  /** What UNLEASH_URL takes, `http://127.0.0.1:<port>/api`. */
  readonly url: string;
  readonly adminToken: string;
  readonly clientToken: string;
  readonly #environment: string;

  constructor({ url, adminToken, clientToken, environment }: UnleashAccess) {
    this.url = url;
    this.adminToken = adminToken;
    this.clientToken = clientToken;
    this.#environment = environment;
  }

  /** `features()` has it at once, an SDK up to a second after its next poll. */
  async flip(flag: string, change: Flip): Promise<void> {
    const environment = `projects/default/features/${flag}/environments/${this.#environment}`;
    const strategies = (await this.#administer('GET', `${environment}/strategies`)) as (Strategy & {
      id: string;
    })[];
    const [strategy] = strategies;
    if (!strategy) throw new Error(`Flag ${flag} has no strategy`);
    const { rollout, stickiness, payload, payloadType: type = 'json' } = change;
    await this.#administer('PUT', `${environment}/strategies/${strategy.id}`, {
      name: strategy.name,
      parameters: {
        ...strategy.parameters,
        ...(rollout !== undefined && { rollout: String(rollout) }),
        ...(stickiness !== undefined && { stickiness }),
      },
      constraints: change.constraints ?? strategy.constraints,
      variants: strategy.variants.map((variant) =>
        payload === undefined ? variant : { ...variant, payload: { type, value: payload } },
      ),
    });
    if (change.enabled !== undefined) {
      await this.#administer('POST', `${environment}/${change.enabled ? 'on' : 'off'}`);
    }
  }

  /** The flags as clients get them. */
  async features(): Promise<Feature[]> {
    const response = await fetch(`${this.url}/client/features`, {
      headers: { authorization: this.clientToken },
    });
    if (!response.ok) throw new Error(`Unleash answered ${response.status}: ${await response.text()}`);
    return ((await response.json()) as { features: Feature[] }).features;
  }

  async #administer(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}/admin/${path}`, {
      method,
      // A connection kept from before may be closed by the server just as it is used again.
      headers: { authorization: this.adminToken, 'content-type': 'application/json', connection: 'close' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}

/** A real Unleash server in a process of its own. */
export class UnleashServer extends UnleashEnvironment {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, access: UnleashAccess) {
    super(access);
    this.#process = process;
    this.port = Number(new URL(access.url).port);
  }

  /** Started again with the port, folder and tokens of an earlier one, it goes on where that one ended. */
  static async start(options: StartOptions = {}): Promise<UnleashServer> {
    const child = fork(SERVER, [], {
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        UNLEASH_PORT: String(options.port ?? 0),
        UNLEASH_DATA_DIR: options.dataDir,
        UNLEASH_ADMIN_TOKEN: options.adminToken,
        UNLEASH_CLIENT_TOKEN: options.clientToken,
      },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const limit = AbortSignal.timeout(START_LIMIT_MS);
    try {
      const [ready] = (await Promise.race([
        once(child, 'message', { signal: limit }),
        once(child, 'close', { signal: limit }).then(() => Promise.reject(new Error(errors.trim()))),
      ])) as [UnleashAccess];
      return new UnleashServer(child, ready);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Adds an environment in which the flags can be flipped without a change in any other. */
  async newEnvironment(): Promise<UnleashAccess> {
    const name = `test-${randomUUID()}`;
    this.#process.send({ environment: name });
    for await (const [made] of on(this.#process, 'message') as AsyncIterable<[UnleashAccess]>) {
      if (made.environment === name) return made;
    }
    throw new Error('The server sends no more messages');
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** @returns the exit code */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  }
}
