import { randomUUID } from 'node:crypto';
import { systemClock, type Clock } from '../clock.js';
import type { SharedState } from './shared-state.js';

/** A state as it is kept. */
export interface KeptState {
  name: string;
  /** JSON. */
  text: string;
  /** Grows with each change. */
  version: bigint;
}

/** Where states are kept that replicas share. */
export interface KeptStates {
  /**
   * Those that are not of the version known.
   *
   * @returns with milliseconds of the clock that all replicas go by
   */
  changed(known: ReadonlyMap<string, bigint>): Promise<{ states: KeptState[]; at: number }>;
  /**
   * Changes a state while nobody else does.
   *
   * @param write names the change: made again under its name, it changes nothing more
   * @param apply gives the text that is to be kept of the one that is, undefined where none is
   */
  change(name: string, write: string, apply: (text: string | undefined) => string): Promise<KeptState>;
}

/** Behind being told, and all there is where nobody is told. */
const LOOK_EVERY_MS = 1_000;
const AGAIN_AFTER_MS = 250;
/** Changes that wait when all is closed are still written, for so long. */
const LAST_WRITES_MS = 2_000;

/**
 * States that replicas share. Until they are connected, and while what keeps them is away, each replica goes by
 * what it knows, and its changes wait.
 */
export class ReplicatedStates {
  readonly #clock: Clock;
  readonly #onTrouble: (error: unknown) => void;
  readonly #states = new Map<string, ReplicatedState<unknown>>();
  readonly #closing = new AbortController();
  readonly #work = new Set<Promise<void>>();
  #kept: KeptStates | undefined;
  #wake = new AbortController();
  #isAway = false;
  /** Of the clock that all go by, to that of this process. */
  #aheadMs: number;

  /** @param onTrouble told once that states cannot be kept or read, until they can again */
  constructor(onTrouble: (error: unknown) => void, clock: Clock = systemClock) {
    this.#onTrouble = onTrouble;
    this.#clock = clock;
    this.#aheadMs = Date.now() - clock.now();
  }

  /**
   * A state that all share under this name; each name is asked for once.
   *
   * @param name names its form, too: a version that understands another one takes another name
   * @param initial where none is kept yet
   */
  state<State>(name: string, initial: State): SharedState<State> {
    const now = () => this.#clock.now() + this.#aheadMs;
    const state = new ReplicatedState(name, initial, now, () => this.#write(state));
    this.#states.set(name, state as ReplicatedState<unknown>);
    return state;
  }

  /**
   * From now on the states are those that are kept.
   *
   * @throws what `kept` throws when they cannot be read now: to be called again
   */
  async connect(kept: KeptStates): Promise<void> {
    await this.#look(kept, 'load');
    this.#kept = kept;
    for (const state of this.#states.values()) this.#write(state);
    this.#doing(this.#watch(kept));
  }

  /** To be called when another replica may have changed a state: has it looked for soon. */
  changed(): void {
    this.#wake.abort();
  }

  /** Writes what waits, where that can be done within two seconds. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake.abort();
    await Promise.all(this.#work);
  }

  async #watch(kept: KeptStates): Promise<void> {
    while (await this.#isDue()) await this.#tried(() => this.#look(kept, 'take'));
  }

  /** @returns false once all is closed */
  async #isDue(): Promise<boolean> {
    await this.#clock.sleep(LOOK_EVERY_MS, this.#wake.signal).catch(ignore);
    this.#wake = new AbortController();
    return !this.#closing.signal.aborted;
  }

  async #look(kept: KeptStates, how: 'load' | 'take'): Promise<void> {
    const known = new Map([...this.#states].map(([name, { version }]) => [name, version]));
    const { states, at } = await kept.changed(known);
    this.#aheadMs = at - this.#clock.now();
    for (const state of states) this.#states.get(state.name)?.[how](state);
  }

  #write<State>(state: ReplicatedState<State>): void {
    const kept = this.#kept;
    if (!kept || state.isWriting) return;
    state.isWriting = true;
    this.#doing(this.#writeAll(kept, state));
  }

  async #writeAll<State>(kept: KeptStates, state: ReplicatedState<State>): Promise<void> {
    // What is changed together is known to others together.
    await Promise.resolve();
    while (state.waiting > 0) {
      if (!(await this.#written(kept, state, state.waiting))) break;
    }
    // In the same step: a change that finds it being written is left to this.
    state.isWriting = false;
  }

  /** @returns whether the first changes that wait were written, before it was to be given up */
  async #written<State>(kept: KeptStates, state: ReplicatedState<State>, count: number): Promise<boolean> {
    const { signal } = this.#closing;
    const write = randomUUID();
    let written: KeptState | undefined;
    const work = async () => {
      written = await kept.change(state.name, write, (text) => state.changedText(text, count));
    };
    let giveUpAt = Infinity;
    // One that broke off may have been done: it is done again under its name.
    while (!(await this.#tried(work))) {
      if (signal.aborted) giveUpAt = Math.min(giveUpAt, this.#clock.now() + LAST_WRITES_MS);
      if (this.#clock.now() > giveUpAt) return false;
      await this.#clock.sleep(AGAIN_AFTER_MS, new AbortController().signal);
    }
    if (written) state.written(written, count);
    return true;
  }

  /** @returns whether it could be done */
  async #tried(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.#isAway = false;
      return true;
    } catch (error) {
      if (!this.#isAway) this.#onTrouble(error);
      this.#isAway = true;
      return false;
    }
  }

  #doing(work: Promise<void>): void {
    const done: Promise<void> = work.finally(() => this.#work.delete(done));
    this.#work.add(done);
  }
}

class ReplicatedState<State> implements SharedState<State> {
  readonly name: string;
  readonly now: () => number;
  readonly #initial: State;
  readonly #onChange: () => void;
  readonly #listeners: ((after: State, before: State) => void)[] = [];
  /** Changes made here that are not kept yet, in order. */
  readonly #waiting: ((state: State) => State)[] = [];
  /** As it is kept. */
  #kept: State;
  #current: State;
  version = 0n;
  isWriting = false;

  constructor(name: string, initial: State, now: () => number, onChange: () => void) {
    this.name = name;
    this.now = now;
    this.#initial = initial;
    this.#onChange = onChange;
    this.#kept = initial;
    this.#current = initial;
  }

  get current(): State {
    return this.#current;
  }

  /** How many changes are not kept yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  change(apply: (state: State) => State): void {
    this.#current = apply(this.#current);
    this.#waiting.push(apply);
    this.#onChange();
  }

  follow(listener: (after: State, before: State) => void): void {
    this.#listeners.push(listener);
  }

  /** What comes of a kept text by the first changes that wait. */
  changedText(text: string | undefined, count: number): string {
    const kept = text === undefined ? this.#initial : (JSON.parse(text) as State);
    const changed = this.#changed(kept, this.#waiting.slice(0, count));
    return text !== undefined && changed === kept ? text : JSON.stringify(changed);
  }

  /** The first changes that waited are kept. */
  written(state: KeptState, count: number): void {
    this.#waiting.splice(0, count);
    this.#keep(state, this.#listeners);
  }

  /** What was kept before this replica came: nobody is told. */
  load(state: KeptState): void {
    this.#keep(state, []);
  }

  /** What another replica changed. */
  take(state: KeptState): void {
    // It may hold changes that wait for the answer that they are kept, and would count twice; that brings it, too.
    if (!this.isWriting) this.#keep(state, this.#listeners);
  }

  #keep({ text, version }: KeptState, listeners: readonly ((after: State, before: State) => void)[]): void {
    const before = this.#kept;
    // What was read before a change and arrives after it is out of date.
    const isNew = version > this.version;
    if (isNew) {
      this.#kept = JSON.parse(text) as State;
      this.version = version;
    }
    this.#current = this.#changed(this.#kept, this.#waiting);
    if (isNew) for (const listener of listeners) listener(this.#kept, before);
  }

  #changed(state: State, changes: readonly ((state: State) => State)[]): State {
    return changes.reduce((changed, apply) => apply(changed), state);
  }
}

function ignore(): void {
  // Woken.
}
