import type { GoldenDocument } from './golden.js';
import { goldenPdf, isGolden, tenPageDocument } from './golden-pdf.js';
import { Host } from './host.js';
import { Journal } from './journal.js';
import type { Provider } from './provider.js';
import { until } from './until.js';

/** Characters. */
const MOST_OF_LOG = 2_000;

/** One of the processes that share a database. */
export interface Replica {
  /** What the provider is told with each of its calls. */
  name: string;
  /** What the database has it by. */
  id: string;
  host: Host;
}

export interface FleetDocument {
  id: string;
  /** Stands on each of its pages, and on no other document's. */
  copy: string;
  golden: GoldenDocument;
}

/** A moment at which the calls of a replica could not be seen to their end. */
export interface Broken {
  replica: Replica;
  /** Milliseconds since 1970; none of its calls began later, for a replica that was stopped none until it went on. */
  at: number;
  /** When it went on, in milliseconds since 1970; Infinity for one that does not. */
  until: number;
}

/** One entry of `GET /ops/replicas`. */
export interface SeenReplica {
  id: string;
  name: string;
  version: string;
  state: 'alive' | 'hung' | 'gone';
  is_this: boolean;
  seen_seconds_ago: number;
  documents: unknown;
}

interface FleetOptions {
  url: string;
  provider: Provider;
  variables?: Record<string, string>;
}

/** Replicas behind no load balancer: a test says who is asked what. */
export class Fleet {
  readonly provider: Provider;
  /** Those whose process was not ended by the test. */
  readonly replicas: Replica[] = [];
  readonly documents: FleetDocument[] = [];
  readonly broken: Broken[] = [];
  readonly #url: string;
  readonly #variables: Record<string, string>;
  readonly #ids = new Map<string, string>();
  #journal: Journal | undefined;
  #cookie = '';
  #turn = 0;

  constructor({ url, provider, variables = {} }: FleetOptions) {
    this.#url = url;
    this.provider = provider;
    this.#variables = {
      QUIRE_ENGINE: 'dbos',
      DATABASE_URL: url,
      QUIRE_PLAN: 'batch 2x3',
      LOG_LEVEL: 'warn',
      OPENAI_API_KEY: 'test',
      OPENAI_MODEL: 'test-model',
      OPENAI_BASE_URL: provider.baseURL,
      ...variables,
    };
  }

  /** Starts so many replicas, and begins to note what becomes of documents. */
  static async start(count: number, options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options);
    for (let index = 0; index < count; index++) {
      await fleet.add();
      fleet.#journal ??= await Journal.begin(fleet.#url);
    }
    return fleet;
  }

  get journal(): Journal {
    if (!this.#journal) throw new Error('The fleet has not started');
    return this.#journal;
  }

  /** The ids of all replicas there ever were, by name. */
  get ids(): ReadonlyMap<string, string> {
    return this.#ids;
  }

  async add(variables: Record<string, string> = {}): Promise<Replica> {
    const name = `replica-${this.#ids.size + 1}`;
    const host = new Host({ ...this.#variables, ...variables, OPENAI_PROJECT_ID: name });
    // All know the secret that it is signed with.
    host.cookie = this.#cookie;
    await host.start();
    this.#cookie = host.cookie;
    const self = (await this.seenBy(host)).find(({ is_this }) => is_this);
    // A process that reads alone is not among them.
    const replica = { name, id: self?.id ?? '', host };
    this.#ids.set(name, replica.id);
    this.replicas.push(replica);
    return replica;
  }

  /** What a replica tells of all of them. */
  async seenBy(host: Host): Promise<SeenReplica[]> {
    const response = await host.fetch('/ops/replicas');
    return ((await response.json()) as { replicas: SeenReplica[] }).replicas;
  }

  /** Sends golden documents of ten pages, to one replica after the other. */
  upload(count: number, to: readonly Replica[] = this.replicas): Promise<FleetDocument[]> {
    const sent = Array.from({ length: count }, async () => {
      const golden = tenPageDocument(this.#turn);
      const replica = to[this.#turn % to.length];
      const copy = `fleet-${this.#turn++}`;
      if (!replica) throw new Error('There is nobody to send to');
      const { id, code, message } = await replica.host.upload(await goldenPdf(golden, copy));
      if (!id) throw new Error(`An upload was answered with ${code}: ${message}`);
      const document = { id, copy, golden };
      this.documents.push(document);
      return document;
    });
    return Promise.all(sent);
  }

  /** Sends as many documents as there lack until so many are being read or wait for that. */
  async keepBusy(documents: number, to: readonly Replica[] = this.replicas): Promise<void> {
    const unended = (await this.journal.unended()).length;
    await this.upload(Math.max(0, documents - unended), to);
  }

  /** Waits until all documents, or those given, have ended. */
  async ended(documents: readonly FleetDocument[] = this.documents): Promise<void> {
    const ids = new Set(documents.map(({ id }) => id));
    await until('all documents have ended', async () => {
      const unended = await this.journal.unended();
      return !unended.some(({ document }) => ids.has(document));
    });
  }

  /** Documents whose record is not the golden one, as one replica after the other shows them. */
  async notGolden(documents: readonly FleetDocument[] = this.documents): Promise<string[]> {
    const wrong: string[] = [];
    for (const [index, { id, golden }] of documents.entries()) {
      const { status, detailed_message, result } = await this.#some(index).host.finished(id);
      if (!isGolden(result?.documents[0], golden)) wrong.push(`${id}: ${status}, ${detailed_message}`);
    }
    return wrong;
  }

  #some(index: number): Replica {
    const replica = this.replicas[index % this.replicas.length];
    if (!replica) throw new Error('No replica is left');
    return replica;
  }

  /** Waits for a replica that is in the middle of a document: some of its answers are kept, others under way. */
  inMidDocument(among: readonly Replica[] = this.replicas, most = Infinity): Promise<Replica> {
    return until('a replica is in the middle of a document', async () => {
      const unended = await this.journal.unended();
      return among.find(({ name, id }) => {
        const isInDocument = unended.some(({ replica, kept }) => replica === id && kept > 0);
        const underWay = this.underWay(name);
        return isInDocument && underWay > 0 && underWay <= most;
      });
    });
  }

  /** Replicas that ended of themselves, with the last that they said. */
  get gone(): string[] {
    const gone = this.replicas.filter(({ host }) => !host.isRunning);
    return gone.map(({ name, host }) => `${name}: ${host.log.slice(-MOST_OF_LOG)}`);
  }

  /** How many calls of a replica the provider has not answered. */
  underWay(name: string): number {
    return this.provider.calls.filter(({ project, endedAt }) => project === name && endedAt === undefined)
      .length;
  }

  /** Ends a replica as a crash does, for good. */
  async kill(replica: Replica): Promise<Broken> {
    this.#drop(replica);
    await replica.host.kill();
    return this.#note(replica);
  }

  /** Has a replica stand still, until `goOn`. */
  async halt(replica: Replica): Promise<Broken> {
    replica.host.signal('SIGSTOP');
    await until('the replica stands still', () => replica.host.isHalted);
    return this.#note(replica);
  }

  /** Has a replica go on that stands still; resolves when the others see it again. */
  async goOn(broken: Broken): Promise<void> {
    const { host } = broken.replica;
    broken.until = Date.now();
    host.signal('SIGCONT');
    await until('the replica is seen again', async () => {
      const seen = await this.seenBy(host);
      return seen.some(({ is_this, state }) => is_this && state === 'alive');
    });
  }

  /** Asks a replica to end, and waits until it has. */
  async drain(replica: Replica): Promise<{ at: number; exitCode: number | null }> {
    this.#drop(replica);
    const at = Date.now();
    return { at, exitCode: await replica.host.stop() };
  }

  #drop(replica: Replica): void {
    this.replicas.splice(this.replicas.indexOf(replica), 1);
  }

  #note(replica: Replica): Broken {
    const broken = { replica, at: Date.now(), until: Infinity };
    this.broken.push(broken);
    return broken;
  }

  /**
   * Waits until every document that a replica read at a moment has ended, or is being read by another.
   *
   * @returns milliseconds from that moment until each of them went on elsewhere
   */
  async goneOn(replica: Replica, at: number): Promise<number[]> {
    return until(`what ${replica.name} read goes on elsewhere`, async () => {
      const standings = await this.journal.standings();
      const times: number[] = [];
      for (const ofDocument of standings.values()) {
        const before = ofDocument.findLast((standing) => standing.at <= at);
        if (before?.replica !== replica.id || before.status !== 'extracting') continue;
        const after = ofDocument.find(
          (standing) =>
            standing.at > at &&
            (standing.status !== 'extracting' ||
              (standing.run !== before.run && standing.replica !== null && standing.replica !== replica.id)),
        );
        if (!after) return undefined;
        if (after.status === 'extracting') times.push(after.at - at);
      }
      return times;
    });
  }

  async close(): Promise<void> {
    for (const { host } of this.replicas) {
      if (host.isRunning) await host.kill();
    }
  }
}
