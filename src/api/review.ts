import type { Reason } from '../stages/support/table.js';

/** How it stands with the review of a value. `changed`: it was read anew as something else since somebody looked. */
export type ReviewState = 'open' | 'confirmed' | 'corrected' | 'changed';

/** A value for review, with what was said of it last. */
export interface ReviewedValue {
  /** null for a document in which no page names an account. */
  account: string | null;
  field: string;
  /** As it was read. */
  value: string;
  confidence: number | null;
  /** null for a field without a value, and where it is not known. */
  support: number | null;
  reasons: readonly Reason[];
  state: ReviewState;
  /** The person's value in place of the one read; in state `changed` the one given before. */
  corrected: string | null;
  /** Who said so, for people; null for who has no name, and where nobody did. */
  person: string | null;
  /** ISO 8601; null where nobody said anything. */
  at: string | null;
  /** Of what was said last, 0 for nothing: what `If-Match` takes. */
  number: number;
}

/** The answer of `GET api/document/:id/review`. */
export interface ReviewAnswer {
  success: true;
  /** Grows with everything that is said of the document. */
  revision: number;
  /** Of the document, from 1: it grows when the document is read anew. */
  reading: number;
  /** The doubtful ones first. */
  values: ReviewedValue[];
  progress: { checked: number; total: number };
}

/** What `POST api/document/:id/corrections` takes. */
export type CorrectionRequest = {
  /** The one whose value was looked at. */
  reading: number;
  account: string | null;
  field: string;
} & ({ action: 'confirmed' | 'reopened' } | { action: 'corrected'; value: string });

/** Its answer: the value as it stands now, also with 412, when somebody else had said something of it. */
export interface CorrectionAnswer {
  success: boolean;
  message: string;
  value: ReviewedValue;
}

/** The answer of `POST api/document/:id/presence`. */
export interface PresenceAnswer {
  success: true;
  /** Others who have the document open for review; null for who has no name. */
  people: (string | null)[];
  revision: number;
}
