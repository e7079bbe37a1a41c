/** A window is kept in so many parts: it slides by one of them at a time. */
const PARTS = 60;

interface Part<Name extends string> {
  index: number;
  sums: Partial<Record<Name, number>>;
}

/** Sums over the last so many milliseconds, in constant memory. */
export class SlidingWindow<Name extends string> {
  readonly #partMs: number;
  #parts: Part<Name>[] = [];

  /** @param ms how far back it reaches, from 60 */
  constructor(ms: number) {
    this.#partMs = ms / PARTS;
  }

  add(amounts: Partial<Record<Name, number>>): void {
    const index = this.#now();
    let part = this.#parts.at(-1);
    if (part?.index !== index) {
      part = { index, sums: {} };
      this.#forget(index);
      this.#parts.push(part);
    }
    for (const name of Object.keys(amounts) as Name[]) {
      part.sums[name] = (part.sums[name] ?? 0) + (amounts[name] ?? 0);
    }
  }

  /** The sum of what was added under a name within the window. */
  sum(name: Name): number {
    this.#forget(this.#now());
    return this.#parts.reduce((total, { sums }) => total + (sums[name] ?? 0), 0);
  }

  #now(): number {
    return Math.floor(performance.now() / this.#partMs);
  }

  #forget(now: number): void {
    this.#parts = this.#parts.filter(({ index }) => index > now - PARTS);
  }
}
