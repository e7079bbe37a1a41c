/** Thrown when checking costs more than it may. */
export class TooManySteps extends Error {
  override readonly name = 'TooManySteps';
}

/**
 * The work a check may do on texts and answers that nobody else has bounded, in steps of a few nanoseconds:
 * counted, because a time would be another one on a busy machine.
 */
export class Steps {
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  /** @throws {TooManySteps} when there are not so many left */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new TooManySteps();
  }
}
