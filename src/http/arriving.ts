import { RefusedError } from './refusals.js';

export interface ArrivingBounds {
  /** Uploads that may arrive at once, from 1. */
  inAll: number;
  /** Those of one owner, from 1. */
  perOwner: number;
}

/** The uploads that are arriving: bounded in number, and as each is bounded in size, in bytes. */
export class ArrivingUploads {
  readonly #bounds: ArrivingBounds;
  readonly #byOwner = new Map<string, number>();
  #all = 0;

  constructor(bounds: ArrivingBounds) {
    this.#bounds = bounds;
  }

  /**
   * Lets an upload arrive.
   *
   * @param owner whose it counts as
   * @returns is to be called once when it has arrived or does not come any more
   * @throws {RefusedError} `owner_arriving`, `arriving`
   */
  enter(owner: string): () => void {
    const own = this.#byOwner.get(owner) ?? 0;
    if (own >= this.#bounds.perOwner) {
      throw new RefusedError('owner_arriving', 429, 'Too many of your uploads are arriving; try again soon');
    }
    if (this.#all >= this.#bounds.inAll) {
      throw new RefusedError('arriving', 503, 'Too many uploads are arriving; try again soon');
    }
    this.#byOwner.set(owner, own + 1);
    this.#all++;
    return () => this.#leave(owner);
  }

  /** How many there are. */
  get count(): number {
    return this.#all;
  }

  #leave(owner: string): void {
    const others = (this.#byOwner.get(owner) ?? 1) - 1;
    if (others > 0) this.#byOwner.set(owner, others);
    else this.#byOwner.delete(owner);
    this.#all--;
  }
}
