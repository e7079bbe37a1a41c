/** The clocks of this test file's code, which go on as they do and can be moved on besides. */
export class Clock {
  #movedMs = 0;
  readonly #restore: (() => void)[] = [];

  constructor() {
    for (const clock of [performance, Date]) {
      const now = clock.now.bind(clock);
      clock.now = () => now() + this.#movedMs;
      this.#restore.push(() => (clock.now = now));
    }
  }

  moveOn(ms: number): void {
    this.#movedMs += ms;
  }

  restore(): void {
    for (const restore of this.#restore) restore();
  }
}
