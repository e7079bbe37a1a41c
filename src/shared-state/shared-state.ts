/**
 * A state that everybody who shares it has, as plain data: what `JSON` keeps as it is. Nobody waits for it.
 */
export interface SharedState<State> {
  /** As last known, with the changes that were made here and may not be known to others yet. */
  readonly current: State;
  /** Milliseconds of a clock that all who share the state go by. */
  now(): number;
  /**
   * Changes it here at once, and for all in the order in which changes arrive.
   *
   * @param apply gives the same for the same state, and the state itself for no change: it is called more than once
   */
  change(apply: (state: State) => State): void;
  /** Has `listener` told of each step of the state that all share, once, whoever made it. */
  follow(listener: (after: State, before: State) => void): void;
}

/** Shared by nobody else than this process. */
export function ofThisProcess<State>(initial: State): SharedState<State> {
  const listeners: ((after: State, before: State) => void)[] = [];
  let current = initial;
  return {
    get current() {
      return current;
    },
    now: () => performance.now(),
    change(apply) {
      const before = current;
      current = apply(before);
      if (current !== before) for (const listener of listeners) listener(current, before);
    },
    follow: (listener) => void listeners.push(listener),
  };
}
