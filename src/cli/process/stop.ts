import { writeError } from '../../evaluation/report/terminal.js';

/** What a shell says of a process that a signal has ended. */
const STATUS = { SIGINT: 130, SIGTERM: 143 } as const;
const FAILED = 1;

/** Ends a run in good order when it is asked to, and at once when it is asked again. */
export class Stop {
  readonly #stopped = new AbortController();
  readonly #onStop: () => void;
  /** The exit status of a run that was stopped. */
  status: number | undefined;
  /** Nothing more can be written to the standard output. */
  isUnread = false;

  constructor(onStop: () => void) {
    this.#onStop = onStop;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, this.#onSignal);
    process.stdout.on('error', this.#onOutput);
  }

  /** Aborted when nothing more is to be begun. */
  get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  end(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, this.#onSignal);
    process.stdout.off('error', this.#onOutput);
  }

  readonly #onSignal = (signal: keyof typeof STATUS): void => {
    if (this.status !== undefined) process.exit(this.status);
    this.#begin(STATUS[signal]);
    writeError('\nStopping: answers that are on their way are waited for. Ctrl+C again ends at once.');
  };

  readonly #onOutput = (): void => {
    this.isUnread = true;
    if (this.status === undefined) this.#begin(FAILED);
  };

  #begin(status: number): void {
    this.status = status;
    this.#stopped.abort();
    this.#onStop();
  }
}
