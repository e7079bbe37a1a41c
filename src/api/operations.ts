/** The answer of `GET ops/documents`: what is read and waits, of all owners. */
export interface AtWork {
  /** The oldest first. */
  documents: {
    id: string;
    /** The same for all documents of one owner. */
    owner: string;
    plan: string | null;
    stage: string;
    age_seconds: number;
    pages_done: number;
    total_pages: number;
    where: 'here' | 'elsewhere' | 'waiting';
    replica: string | null;
  }[];
  total: number;
  next: string | null;
}

/** The answer of `GET ops/replicas`: the processes that share the work; none where one reads alone. */
export interface Replicas {
  replicas: {
    id: string;
    name: string;
    version: string;
    state: 'alive' | 'hung' | 'gone';
    is_this: boolean;
    started_seconds_ago: number;
    seen_seconds_ago: number;
    documents: number;
    calls: number;
  }[];
  calls: {
    under_way: number;
    concurrency: number | null;
    requests_per_minute: number | null;
    tokens_per_minute: number | null;
  };
}

type Side = 'candidate' | 'noise';

/** The answer of `GET ops/shadow`: how well both paths agree, over the last 24 hours. Shares are 0 to 1. */
export interface ShadowForOps {
  /** The plan compared last. */
  plan: string | null;
  fields: Record<Side, number>;
  agreement: Record<Side, Record<'page' | 'merged', number | null>>;
  beyond_noise: number | null;
  beyond_noise_interval: { low: number; high: number } | null;
  spent_today_usd: number;
  budget_usd: number;
  /** The newest first; they hold no values. */
  mismatches: MismatchForOps[];
}

export interface MismatchForOps {
  document_id: string | null;
  at: string;
  comparison: Side;
  scope: 'page' | 'merged';
  account_index: number | null;
  page: number | null;
  field: string;
  outcome: 'different' | 'only_control' | 'only_candidate';
}

/** What `POST ops/retry` did. */
export interface RetriedTogether {
  started: number;
  not_started: number;
  left: number;
}
