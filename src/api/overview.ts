/** The answer of `GET ops/overview`: which plan new documents get and why, how the model service stands, what a rollback would change. */
export interface Overview {
  /** ISO 8601: by the server's clock. */
  at: string;
  plan: PlanInForce;
  service: ServiceForOps;
  rollbacks: RollbackForOps[];
}

export interface PlanInForce {
  /**
   * What decides over new documents: the switch, the fixed plan, or the flag as it stands with the automatic rollback;
   * `unknown` where Unleash does not tell of the flag.
   */
  decided_by:
    'forced' | 'fixed' | 'flag' | 'flag_off' | 'payload_invalid' | 'rolled_back' | 'trying' | 'unknown';
  /** The same in a sentence. */
  says: string;
  /** The plan of those that are read in batches now, like `batch 2x3`; null where none are, or it is not known. */
  batch_plan: string | null;
  /** null where Unleash does not tell of it. */
  batch_flag: FlagForOps | null;
  shadow_flag: FlagForOps | null;
  unleash: {
    source: 'caller' | 'server' | 'bootstrap';
    problem: 'token_refused' | 'unreachable' | 'stale' | null;
    last_contact_seconds_ago: number | null;
  };
  /** Flags of which the last minute has seen a payload that cannot be used or was clamped. */
  payload_warnings: string[];
  rollback: AutomaticRollback;
}

export interface FlagForOps {
  is_on: boolean;
  /** Of all requests; null where constraints, or several strategies, decide. */
  percentage: number | null;
  strategies: { percentage: number | null; has_constraints: boolean }[];
  /** The plans that its payloads hold, like `batch 2x3`; null for one that is no plan. */
  plans: (string | null)[];
}

export interface AutomaticRollback {
  /** Whether anything follows from failures: not for a fixed plan, nor where the settings say no. */
  is_enabled: boolean;
  state: 'closed' | 'open' | 'half_open';
  /** Of its last change; null before any. */
  cause: string | null;
  /** ISO 8601; null before any change. */
  since: string | null;
  /** Share of batch calls of the last ten minutes that failed before salvage. */
  failure_rate: number | null;
  /** 1 is an alarm; null where there is none to come. */
  evidence: number | null;
}

/** What a model service said instead of an answer, as far as it may be shown. */
export interface ServiceSaid {
  status: number;
  code?: string;
  type?: string;
  param?: string;
  message?: string;
}

export interface ServiceForOps {
  model: string;
  /** Why one call after the other fails; null while they do not. */
  trouble: { reason: string; says: string; service: ServiceSaid | null } | null;
  /** The service is away: since when, and until when no call starts or no page is given up. ISO 8601. */
  outage: { since: string; next_try: string; patience_until: string } | null;
  /** ISO 8601: so long the service has asked to wait. */
  held_until: string | null;
  /** Of this process. */
  calls: { under_way: number; waiting: number; at_once: number; most: number };
  /** As they are set, over all replicas; null for any number. */
  limits: {
    concurrency: number | null;
    requests_per_minute: number | null;
    tokens_per_minute: number | null;
  };
  /** As the service tells them; null where it does not. */
  told: Record<'requests' | 'tokens', { limit: number; left: number } | null>;
  /** How requests are written now, and what was changed for that, the latest first. */
  dialect: {
    response_format: string;
    token_parameter: string;
    instruction_in: string;
    left_out: string[];
    adapted: { at: string; part: string; service: ServiceSaid | null }[];
  };
  /** How batches are answered; null where the settings say it. */
  answer_form: 'lines' | 'objects' | 'trial' | null;
  /** What it refused last, the latest first. */
  refused: { at: string; reason: string; says: string; service: ServiceSaid }[];
}

/** What a rollback would change now, by what the last documents took. */
export interface RollbackForOps {
  rollback: 'full_revert' | 'shrink' | 'batch_only';
  /** Whether it would change anything. */
  changes: boolean;
  says: string;
  /** What to do for it. */
  how: string;
  /** Calls of a document of the usual length, about; null where that is not known. */
  calls_now: number | null;
  calls_then: number | null;
}
