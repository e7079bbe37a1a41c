/** Why there is no place: for anybody, or for this owner. */
export type NoPlace = 'full' | 'owner_documents';

export interface PlacesSettings {
  /** Documents that a process reads at once, from 1. */
  atOnce: number;
  /** Documents that may wait besides, for each process, from 0. */
  waiting: number;
  /** Documents of one owner that are read or wait, from 1. */
  ofOwner: number;
}

export interface Taken {
  /** How many processes read. */
  processes: number;
  /** Whose documents are read or wait for that, one entry a document. */
  owners: readonly string[];
}

/** The places of documents that come: no more are taken than can be read in good time. */
export class Places {
  readonly #settings: PlacesSettings;
  readonly #taken: () => Promise<Taken>;
  /** Documents on their way to the store. */
  readonly #arriving = new Set<{ owner: string }>();

  constructor(settings: PlacesSettings, taken: () => Promise<Taken>) {
    this.#settings = settings;
    this.#taken = taken;
  }

  /**
   * Takes a place for a document that comes.
   *
   * @param owner whose bounds it counts in
   * @returns gives the place back, once; why there is none
   */
  async reserve(owner: string): Promise<(() => void) | NoPlace> {
    const { processes, owners } = await this.#taken();
    const taken = [...[...this.#arriving].map((arriving) => arriving.owner), ...owners];
    if (taken.length >= this.#most(processes)) return 'full';
    if (taken.filter((other) => other === owner).length >= this.#settings.ofOwner) return 'owner_documents';
    const arriving = { owner };
    this.#arriving.add(arriving);
    return () => void this.#arriving.delete(arriving);
  }

  /** How many more documents there is a place for. */
  async room(): Promise<number> {
    const { processes, owners } = await this.#taken();
    return Math.max(0, this.#most(processes) - this.#arriving.size - owners.length);
  }

  #most(processes: number): number {
    return processes * (this.#settings.atOnce + this.#settings.waiting);
  }
}
