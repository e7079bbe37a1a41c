/** What a call is about: pages of one document that are asked about together. */
export interface Unit {
  /** Stands for the document. */
  document: object;
  /** Numbers of the pages. */
  pages: readonly number[];
}

/**
 * Whose calls failed since the service last answered one. It tells trouble of the service, which meets one as
 * it meets another, from trouble of a page, which goes on while others are answered.
 */
export class FailedUnits {
  #units = new Map<object, Map<string, readonly number[]>>();
  readonly #suspects = new WeakMap<object, Set<string>>();

  add({ document, pages }: Unit): void {
    const ofDocument = this.#units.get(document) ?? new Map<string, readonly number[]>();
    this.#units.set(document, ofDocument.set(nameOf(pages), pages));
  }

  /** Whether it failed while others were answered, so that it may fail for a reason of its own. */
  isSuspect({ document, pages }: Unit): boolean {
    return this.#suspects.get(document)?.has(nameOf(pages)) ?? false;
  }

  /** Whether one failed that shares no page with this one: a batch and its own pages may have one bad page. */
  hasOther({ document, pages }: Unit): boolean {
    if (this.#units.size > (this.#units.has(document) ? 1 : 0)) return true;
    const failed = [...(this.#units.get(document)?.values() ?? [])];
    return failed.some((others) => !others.some((page) => pages.includes(page)));
  }

  /** The service answered: those that failed before are suspect from now on. */
  suspectAll(): void {
    for (const [document, units] of this.#units) {
      const suspects = this.#suspects.get(document) ?? new Set();
      for (const name of units.keys()) suspects.add(name);
      this.#suspects.set(document, suspects);
    }
    this.forget();
  }

  /** It was the service's trouble, and is over. */
  forget(): void {
    if (this.#units.size > 0) this.#units = new Map();
  }
}

function nameOf(pages: readonly number[]): string {
  return pages.join();
}
