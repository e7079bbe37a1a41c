import type { Clock } from '../clock.js';

interface Kept<Picture> {
  picture: Picture;
  bytes: number;
  until: number;
}

/** Pictures of pages that were drawn of late, for some time and up to so many bytes; those asked for last stay. */
export class KeptPictures<Picture> {
  readonly #bounds: { bytes: number; ms: number };
  readonly #clock: Clock;
  /** By key; what was asked for last is at the end. */
  readonly #kept = new Map<string, Kept<Picture>>();
  #bytes = 0;
  #sweep: NodeJS.Timeout | undefined;

  constructor(bounds: { bytes: number; ms: number }, clock: Clock) {
    this.#bounds = bounds;
    this.#clock = clock;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Picture | undefined {
    this.#dropOld();
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.picture;
  }

  /** @param ms for which it is kept */
  add(key: string, picture: Picture, bytes: number, ms = this.#bounds.ms): void {
    this.#drop(key);
    this.#kept.set(key, { picture, bytes, until: this.#clock.now() + ms });
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#bounds.bytes) break;
      this.#drop(oldest);
    }
    // So that nothing stays when nobody asks any more.
    this.#sweep ??= setInterval(() => this.#dropOld(), this.#bounds.ms / 10).unref();
  }

  /** Forgets all whose key begins so; without a beginning, all. */
  forget(beginning = ''): void {
    for (const key of this.#kept.keys()) {
      if (key.startsWith(beginning)) this.#drop(key);
    }
    this.#rest();
  }

  #dropOld(): void {
    const now = this.#clock.now();
    for (const [key, { until }] of this.#kept) {
      if (until <= now) this.#drop(key);
    }
    this.#rest();
  }

  #drop(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }

  #rest(): void {
    if (this.#kept.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}
