import type { BesideRecord, ListedDocument, ProcessedDocument } from '../store/document.js';

/** What `GET api/document/:id/export.json` sends. */
export interface ExportedDocument extends BesideRecord {
  document: ListedDocument;
  /** With `?corrected=1` with people's values in place of those that were read. */
  record: ProcessedDocument;
  /** What was said last of each value. */
  corrections: ExportedCorrection[];
}

/** What a person said of a value. */
export interface ExportedCorrection {
  /** null for a document in which no page names an account. */
  account: string | null;
  field: string;
  action: 'confirmed' | 'corrected' | 'reopened';
  /** Of the document, when it was said. */
  reading: number;
  read_value: string;
  /** null unless it was corrected. */
  value: string | null;
  /** Who said so, for people; null for who has no name. */
  person: string | null;
  /** ISO 8601. */
  at: string;
}
