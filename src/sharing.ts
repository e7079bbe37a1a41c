import type { CallsUnderWay } from './documents/for-ops.js';
import type { SharedWith } from './documents/opening.js';
import type { CallQueue } from './llm/queue.js';
import type { KeptStates, ReplicatedStates } from './shared-state/replicated-states.js';
import type { SharedCalls, SharedCallSettings } from './store/shared-calls.js';
import { STATES_CHANNEL } from './store/shared-states.js';

/** What all calls of the replicas together keep to. */
export type CommonLimits = Omit<SharedCallSettings, 'replica'>;

/**
 * What the replicas have in common besides the documents: the limits of the model service, and what is known of the
 * rollout.
 */
export class Sharing {
  readonly #queue: CallQueue;
  readonly #states: ReplicatedStates;
  readonly #limits: CommonLimits;
  readonly #onTrouble: (error: unknown) => void;
  #kept: KeptStates | undefined;
  #calls: SharedCalls | undefined;

  constructor(
    queue: CallQueue,
    states: ReplicatedStates,
    limits: CommonLimits,
    onTrouble: (error: unknown) => void,
  ) {
    this.#queue = queue;
    this.#states = states;
    this.#limits = limits;
    this.#onTrouble = onTrouble;
  }

  /**
   * Begins to share by way of a store, or goes on by way of another one.
   *
   * @returns ends it
   * @throws {StoreError} when it cannot be begun now
   */
  async begin({ store, notices, replica }: SharedWith): Promise<() => Promise<void>> {
    const isFirst = this.#kept === undefined;
    this.#kept = store.shared.states;
    if (isFirst) await this.#connect();
    const calls = store.sharedCalls({ ...this.#limits, replica }, this.#onTrouble);
    this.#calls = calls;
    const queue = this.#queue.share(calls);
    const ends = [
      notices.follow('quire_calls', (whose) => {
        if (whose === '' || whose === replica) queue.look();
      }),
      notices.follow(STATES_CHANNEL, () => this.#states.changed()),
    ];
    return async () => {
      for (const end of ends) end();
      queue.end();
      await calls.close();
    };
  }

  async callsUnderWay(): Promise<CallsUnderWay> {
    const byReplica = (await this.#calls?.underWay()) ?? new Map<string, number>();
    return { inAll: [...byReplica.values()].reduce((sum, calls) => sum + calls, 0), byReplica };
  }

  async #connect(): Promise<void> {
    const kept = (): KeptStates => {
      if (!this.#kept) throw new Error('Nothing is kept yet.');
      return this.#kept;
    };
    try {
      await this.#states.connect({
        changed: (known) => kept().changed(known),
        change: (name, write, apply) => kept().change(name, write, apply),
      });
    } catch (error) {
      this.#kept = undefined;
      throw error;
    }
  }
}
