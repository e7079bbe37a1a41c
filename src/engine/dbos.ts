import { setTimeout as sleep } from 'node:timers/promises';
import { DBOS, DBOSClient, type WorkflowStatus } from '@dbos-inc/dbos-sdk';
import type { ClientBase } from 'pg';
import { atMost } from '../abort.js';
import { every } from '../rounds.js';
import { SettingsError } from '../settings.js';
import { DOCUMENT_VERSION } from '../store/document.js';
import type { Claim } from '../store/events.js';
import { ownPool } from '../store/own-pool.js';
import {
  applicationName,
  GONE_AFTER_MS,
  type HandedIn,
  type Replica,
  type Replicas,
  type Round,
} from '../store/replicas.js';
import type { HandIn } from '../store/store.js';
import type { Engine } from './engine.js';

const APP = 'quire';
const SCHEMA = 'quire_engine';
/** Rows of another version would never be taken from a queue: what may read what is told by the queue's name. */
const APPLICATION_VERSION = '1';
const READ = 'readDocument';
/** The first version of documents that were handed in. */
const FIRST_VERSION = 2;
const BEAT_MS = 1_000;
const POLL_MS = 250;
/** Documents whose workflow has got lost are looked for so often, and workflows that have ended are forgotten. */
const TIDY_EVERY_MS = 60_000;
const TIDIED_AT_ONCE = 1_000;
const AGAIN_AFTER_MS = 1_000;
const CLOSE_LIMIT_MS = 3_000;
const NEVER_MS = 1e12;
/** A document that keeps bringing down its process is given up by what is known of it, not by the engine. */
const MOST_ATTEMPTS = 1_000_000;

const UNDER_WAY = ['ENQUEUED', 'PENDING', 'DELAYED'] as const;
const ENDED = ['SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'] as const;

/** Of documents of a version: replicas of a version before leave it alone. */
const queueOf = (version: number) => `documents.${version}`;
const OWN_QUEUE = queueOf(DOCUMENT_VERSION);

export interface DbosSettings {
  /** Of the PostgreSQL server. */
  address: string;
  /** The most connections of the engine's own, from 2. */
  connections: number;
  /** This process among those that share the work. */
  replica: Pick<Replica, 'id' | 'name' | 'version'>;
  /** Documents read at once by this process, from 1. */
  atOnce: number;
}

export interface DbosTools {
  replicas: Replicas;
  /** What this process reads. */
  claims(): readonly Claim[];
  /** Reads a document no more here. */
  stop(id: string): void;
  /**
   * Reads a document that was handed in; never rejects.
   *
   * @param workflow under which it was handed in
   * @returns whether it is done here; it is given back otherwise
   */
  read(id: string, workflow: string): Promise<boolean>;
  /** Told that other processes could not be looked after. */
  onTrouble(error: unknown): void;
}

/**
 * Several processes read what one server keeps, with DBOS Transact: each document is a workflow of one step, whose
 * kept answers are its checkpoint. DBOS knows no process that fails: each tells every second that it lives, and
 * what one leaves that was not seen for 6 s goes on elsewhere.
 *
 * @throws {SettingsError} beside another DBOS in this process
 */
export async function startDbos(settings: DbosSettings, tools: DbosTools): Promise<Engine> {
  checkNoOther();
  isTaken = true;
  const { address, replica, atOnce } = settings;
  const { replicas } = tools;
  const onTrouble = (error: unknown) => tools.onTrouble(error);
  const pool = ownPool(address, settings.connections, applicationName(replica.id));
  const database = {
    systemDatabaseUrl: address,
    systemDatabasePool: pool,
    systemDatabaseSchemaName: SCHEMA,
  };
  const closing = new AbortController();
  const { signal } = closing;
  const stopping = new AbortController();
  let hasLaunched = false;
  const client = await DBOSClient.create({ ...database, applicationName: APP, logger: SILENT }).catch(
    async (error: unknown) => {
      isTaken = false;
      await pool.end();
      throw error;
    },
  );
  const giveBack = (workflows: string[], queueName: string) =>
    client.resumeWorkflows(workflows, { queueName });

  const reads = new Set<Promise<boolean>>();
  /** Whether it is done; else another process goes on with it at once. */
  const readOrGiveBack = async (workflow: string): Promise<boolean> => {
    const pause = { signal: stopping.signal, ref: false };
    while (!stopping.signal.aborted) {
      if (await tools.read(documentOf(workflow), workflow)) return true;
      await sleep(AGAIN_AFTER_MS, undefined, pause).catch(ignore);
    }
    await giveBack([workflow], OWN_QUEUE).catch(onTrouble);
    return false;
  };
  const read = async (workflow: string): Promise<void> => {
    const ending = readOrGiveBack(workflow);
    reads.add(ending);
    const isDone = await ending.finally(() => reads.delete(ending));
    // What came here of one that was given back must never be recorded.
    if (!isDone) await new Promise(ignore);
  };

  const pendingNow = () => client.listWorkflows({ status: 'PENDING', loadInput: false, loadOutput: false });
  /** What those leave that live no more goes back into its queue. */
  const resume = async (
    pending: WorkflowStatus[],
    isLeft: (executor: string) => boolean,
  ): Promise<number> => {
    const left = pending.filter(({ executorId }) => isLeft(executorId ?? ''));
    for (const queue of new Set(left.map(({ queueName }) => queueName ?? OWN_QUEUE))) {
      const ofQueue = left.filter(({ queueName }) => (queueName ?? OWN_QUEUE) === queue);
      await giveBack(
        ofQueue.map(({ workflowID }) => workflowID),
        queue,
      );
    }
    return left.length;
  };
  const handIn: HandIn = async (workflow, turn, transaction) => {
    await client.enqueueInTransaction(
      transaction as unknown as ClientBase,
      {
        workflowName: READ,
        queueName: OWN_QUEUE,
        workflowID: workflow,
        appVersion: APPLICATION_VERSION,
        priority: turn,
      },
      workflow,
    );
  };
  const handInAll = async ({ client: transaction }: Round, documents: readonly HandedIn[]) => {
    for (const { workflow, turn } of documents) await handIn(workflow, turn, transaction);
  };
  /** Workflows that are not there any more, although their documents have not ended. */
  const lostOf = async (workflows: string[]): Promise<string[]> => {
    if (workflows.length === 0) return [];
    const known = await client.listWorkflows({
      workflowIDs: workflows,
      status: [...UNDER_WAY],
      loadInput: false,
      loadOutput: false,
    });
    const underWay = new Set(known.map(({ workflowID }) => workflowID));
    return workflows.filter((workflow) => !underWay.has(workflow));
  };
  const forgetEnded = async () => {
    const ended = await client.listWorkflows({
      status: [...ENDED],
      completedBefore: new Date(Date.now() - TIDY_EVERY_MS).toISOString(),
      loadInput: false,
      loadOutput: false,
      limit: TIDIED_AT_ONCE,
    });
    const workflows = ended.map(({ workflowID }) => workflowID);
    if (workflows.length > 0) await client.deleteWorkflows(workflows, true);
  };

  let steadySince = performance.now();
  let lastBeat = steadySince;
  const beat = async () => {
    await replicas.beat(replica);
    const now = performance.now();
    // Who was away itself, or whose database was, calls nobody silent.
    if (now - lastBeat > GONE_AFTER_MS / 2) steadySince = now;
    lastBeat = now;
    for (const id of await replicas.lost(tools.claims())) tools.stop(id);
  };
  const isSteady = () => {
    const now = performance.now();
    return now - steadySince >= GONE_AFTER_MS && now - lastBeat < GONE_AFTER_MS / 2;
  };
  let lastTidied = -Infinity;
  const lookAfterOthers = async () => {
    let leftBy: ReadonlySet<string> | undefined;
    await replicas.alone(async (round) => {
      // One that comes meanwhile and takes a document at once is among the living when those are asked for.
      const pending = await pendingNow();
      const living = await round.living(isSteady() ? GONE_AFTER_MS : NEVER_MS);
      if ((await resume(pending, (executor) => !living.has(executor))) > 0) leftBy = living;
      await handInAll(round, await round.adopt(TIDIED_AT_ONCE));
      if (performance.now() - lastTidied < TIDY_EVERY_MS) return;
      lastTidied = performance.now();
      await forgetEnded();
      await handInAll(round, await round.handInAgain(await lostOf(await round.handedIn(TIDIED_AT_ONCE))));
    });
    if (leftBy) await replicas.forgetCalls(leftBy);
  };
  try {
    DBOS.registerWorkflow((workflow: string) => DBOS.runStep(() => read(workflow), { name: 'read' }), {
      name: READ,
      maxRecoveryAttempts: MOST_ATTEMPTS,
    });
    const queues = Array.from({ length: DOCUMENT_VERSION - FIRST_VERSION + 1 }, (_, index) =>
      queueOf(FIRST_VERSION + index),
    );
    DBOS.setConfig({
      ...database,
      name: APP,
      executorID: replica.id,
      applicationVersion: APPLICATION_VERSION,
      useListenNotify: false,
      listenQueues: queues,
      logger: SILENT,
    });
    await replicas.beat(replica);
    hasLaunched = true;
    await DBOS.launch();
    for (const queue of queues) {
      await DBOS.registerQueue(queue, { workerConcurrency: atOnce, minPollingIntervalMs: POLL_MS });
    }
  } catch (error) {
    stopping.abort();
    if (hasLaunched) await DBOS.shutdown({ deregister: true }).catch(ignore);
    await client.destroy().catch(ignore);
    await pool.end();
    isTaken = false;
    throw error;
  }
  // Whatever looking after others waits for, this one is seen to live.
  const rounds = { closing: signal, onTrouble };
  const loops = Promise.all([every(BEAT_MS, beat, rounds), every(BEAT_MS, lookAfterOthers, rounds)]);

  return {
    handIn,
    taken: () => replicas.taken(),
    cancel: (workflow) => client.cancelWorkflow(workflow),
    replicas: () => replicas.all(),
    async takeOver(id) {
      const known = await replicas.all();
      if (!known.some((other) => other.id === id)) return undefined;
      await replicas.leave(id);
      return resume(await pendingNow(), (executor) => executor === id);
    },
    async stop() {
      stopping.abort();
      await inTime(DBOS.shutdown({ deregister: true }));
    },
    // What could not be given back goes on elsewhere all the same, a little later.
    async close() {
      await inTime(Promise.all(reads));
      closing.abort();
      await inTime(loops);
      await replicas.leave(replica.id).catch(onTrouble);
      await inTime(client.destroy());
      await inTime(pool.end());
      isTaken = false;
    },
  };
}

/** Whether a Quire of this process has DBOS, or is about to. */
let isTaken = false;

/** @throws {SettingsError} beside another DBOS in this process: it keeps one state a process */
export function checkNoOther(): void {
  if (!isTaken && !DBOS.isInitialized()) return;
  throw new SettingsError(
    'The engine dbos needs DBOS for itself, and DBOS runs in this process already, for the app or another Quire. Run this Quire in a process of its own, or with the engine local.',
  );
}

/** With a database that is away, DBOS tries again for ever. */
async function inTime(work: Promise<unknown>): Promise<void> {
  await atMost(CLOSE_LIMIT_MS, work, new AbortController().signal).catch(ignore);
}

/** A document that is asked again has a workflow of another name. */
function documentOf(workflow: string): string {
  return workflow.replace(/\..*/, '');
}

/** What goes wrong is told by those who wait for it. */
const SILENT = { info: ignore, debug: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // Whoever waits for it is told.
}
