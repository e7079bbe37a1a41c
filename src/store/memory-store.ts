import type { DocumentStore, StoredDocument } from './document-store.js';

/** Keeps documents in memory, until the process ends. */
export class MemoryStore implements DocumentStore {
  readonly #kept = new Map<string, { document: StoredDocument; pdf: Uint8Array }>();

  add(document: StoredDocument, pdf: Uint8Array): Promise<void> {
    this.#kept.set(document.id, { document, pdf });
    return Promise.resolve();
  }

  update(document: StoredDocument): Promise<void> {
    const kept = this.#kept.get(document.id);
    if (kept) kept.document = document;
    return Promise.resolve();
  }

  get(id: string): Promise<StoredDocument | undefined> {
    return Promise.resolve(this.#kept.get(id)?.document);
  }

  pdf(id: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#kept.get(id)?.pdf);
  }

  list(): Promise<StoredDocument[]> {
    return Promise.resolve(Array.from(this.#kept.values(), ({ document }) => document).reverse());
  }

  delete(id: string): Promise<boolean> {
    return Promise.resolve(this.#kept.delete(id));
  }
}
