/** What who asks may do with a document they may read: `access` in the answer of `GET api/document/:id`. */
export interface DocumentAccess {
  /** Retry, cancel and delete it. */
  own: boolean;
  /** Confirm and correct its values. */
  correct: boolean;
}
