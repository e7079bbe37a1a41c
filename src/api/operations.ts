import type { Mismatch } from '../comparison/shadow.js';
import type { Agreement } from '../comparison/running-agreement.js';

/** A document that has not ended, as ops see it: nothing of its contents, and nothing that names its owner. */
export interface DocumentAtWork {
  id: string;
  /** The same for all documents of one owner. */
  owner: string;
  /** null where it is not decided yet. */
  plan: string | null;
  stage: string;
  /** Since its upload. */
  age_seconds: number;
  /** Of this stage. */
  pages_done: number;
  /** 0 until it is known. */
  total_pages: number;
  /** Where it is read; `waiting` where nobody reads it yet. */
  where: 'here' | 'elsewhere' | 'waiting';
  /** The replica that reads it; null where there are none, or none has begun. */
  replica: string | null;
}

/** The answer of `GET ops/documents`: what is read and waits, of all owners. */
export interface AtWork {
  /** The oldest first. */
  documents: DocumentAtWork[];
  total: number;
  next: string | null;
}

/** A process that shares the work, as ops see it. */
export interface ReplicaForOps {
  id: string;
  name: string;
  version: string;
  /** `hung`: not seen for 6 s, while it is still connected to the database; `gone`: not even that. */
  state: 'alive' | 'hung' | 'gone';
  /** Whether it is the one that answers. */
  is_this: boolean;
  started_seconds_ago: number;
  seen_seconds_ago: number;
  /** That it reads. */
  documents: number;
  /** To the model service, that it has under way. */
  calls: number;
}

/** The answer of `GET ops/replicas`: the processes that share the work; none where one reads alone. */
export interface Replicas {
  replicas: ReplicaForOps[];
  calls: {
    under_way: number;
    concurrency: number | null;
    requests_per_minute: number | null;
    tokens_per_minute: number | null;
  };
}

/** The answer of `GET ops/shadow`: how well both paths agree, over the last 24 hours. Shares are 0 to 1. */
export interface ShadowForOps extends Agreement {
  spent_today_usd: number;
  budget_usd: number;
  /** The newest first; they hold no values. */
  mismatches: readonly Mismatch[];
}

/** What became of documents that were asked again together. */
export interface RetriedTogether {
  started: number;
  /** Those that could not be: they are read already, gone, or of a later version, or the store is away. */
  not_started: number;
  /** Those there was no place for. */
  left: number;
}
