import type { DocumentInList } from '../store/document.js';

/** The answer of `GET api/documents`. */
export interface DocumentList {
  /** The newest first. */
  documents: DocumentInList[];
  /** How many there are of those that were asked for; null of others' documents, which nobody counts. */
  total: number | null;
  /** What the next page comes after; null at the end. */
  next: string | null;
}
