/** The answer of `GET ops/recent`: the documents that came last, of all owners, and sums of them by path. */
export interface Recent {
  /** The newest first. */
  documents: RecentDocumentForOps[];
  /** Of those of the documents that tell something of their path; a path that none took is left out. */
  paths: PathSums[];
}

export type PathName = 'single-page' | 'batch';

/** A document with nothing of its contents, and nothing that names its owner. */
export interface RecentDocumentForOps {
  id: string;
  path: PathName | null;
  /** Like `batch 2x3`. */
  plan: string | null;
  /** Why it took this plan, as in the log; null where a version before kept no events. */
  reason: string | null;
  status: 'extracting' | 'completed' | 'failed';
  /** Whether ops or its owner ended it. */
  is_cancelled: boolean;
  /** Whether it was read again since: its figures are those of the last reading. */
  is_read_again: boolean;
  /** What follows is null until it has ended. */
  calls: number | null;
  salvage_calls: number | null;
  seconds: number | null;
  /** Also null where it is not known. */
  cost_usd: number | null;
  pages: number | null;
  failed_pages: number | null;
  /** ISO 8601: when it was uploaded. */
  at: string;
}

/**
 * What documents of one path took. Counted are those that have ended and were asked about at all, by their first
 * reading; those that were cancelled or read again say nothing of it.
 */
export interface PathSums {
  path: PathName;
  documents: number;
  pages: number;
  calls: number;
  salvage_calls: number;
  /** By document; null where no document tells. */
  seconds_a_page: Spread | null;
  calls_a_page: Spread | null;
  cost_a_page: Spread | null;
  /** Documents that failed or lack a page. */
  failures: ShareOf;
}

/** The middle of the documents, and what nine of ten stay within. */
export interface Spread {
  median: number;
  p90: number;
}

/** A share of so many, 0 to 1, and between which shares it lies in 95 of 100 cases (Wilson's interval). */
interface ShareOf {
  count: number;
  of: number;
  share: number;
  least: number;
  most: number;
}
