/** The answer of `GET api/about`: what the pages need to know before anything else. */
export interface About {
  /** By the name people know it by. */
  model: string;
  /** Whether the rules in the process read, without a key. */
  is_embedded: boolean;
  /** A fixed plan, like `batch 2x3`; null where it is chosen for each request. */
  plan: string | null;
  /** The largest upload, in megabytes. */
  max_megabytes: number;
  /** Whether who asks may see the operations page now. */
  may_operate: boolean;
  /** Whether the app gives people documents of others. */
  gives_others: boolean;
  /** Whether a token can be typed in for that. */
  takes_ops_token: boolean;
}
