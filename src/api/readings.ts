/**
 * Where a record comes from: the one that is shown, one that was shown before the document was read again, or the one
 * of the other path, which was read for comparison.
 */
type ReadingKind = 'current' | 'served' | 'shadow';

/** A reading of a document whose record is kept. */
export interface KeptReading {
  /** From 1; a shadow has that of the reading it was compared with. */
  number: number;
  kind: ReadingKind;
  /** Like `batch 2x3`; null where it is not known. */
  plan: string | null;
  /** ISO 8601. */
  kept_at: string;
}

/** The answer of `GET api/document/:id/readings`, the latest reading first. */
export interface KeptReadings {
  success: true;
  document_name: string;
  is_being_read: boolean;
  readings: KeptReading[];
}
