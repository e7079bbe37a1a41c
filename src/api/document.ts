import type { BesideRecord, StoredDocument } from '../store/document.js';
import type { DocumentAccess } from './access.js';

/** The answer of `GET api/document/:id`. */
export interface DocumentAnswer {
  success: true;
  document: StoredDocument;
  access: DocumentAccess;
}

/** The answer of `GET api/document/:id/evidence`. */
export interface EvidenceAnswer extends BesideRecord {
  success: true;
  /** Whether the document is read, for now. */
  is_complete: boolean;
}
