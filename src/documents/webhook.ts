import { Webhook as Signature } from 'standardwebhooks';
import { systemClock, type Clock } from '../clock.js';
import { loggable, type Logger } from '../logger.js';
import { every } from '../rounds.js';
import type { Deliveries, Delivery } from '../store/deliveries.js';
import type { EndedDocument } from './ended.js';

/** The app's address for what becomes of documents. */
export interface WebhookSettings {
  url: string;
  /** `whsec_` and the key in base64. */
  secret: string;
}

/** What came of a try to tell the webhook. */
export type DeliveryOutcome = 'delivered' | 'failed' | 'given_up';

export interface WebhookTools {
  deliveries: Deliveries;
  /** Ends it. */
  closing: AbortSignal;
  onOutcome: (outcome: DeliveryOutcome) => void;
  /** Told why the store did not say what is due. */
  onTrouble: (error: unknown) => void;
  logger: Logger;
  clock?: Clock;
}

/** The body of a request, in the form of Standard Webhooks. */
export interface WebhookEvent {
  type: 'document.completed' | 'document.failed';
  /** ISO 8601. */
  timestamp: string;
  data: {
    id: string;
    user_id: string | null;
    status: EndedDocument['status'];
    total_pages: number;
    failed_pages: number;
    needs_human_review: boolean | null;
    plan: string;
    error: string | null;
  };
}

export function webhookEvent(document: EndedDocument): WebhookEvent {
  return {
    type: document.status === 'completed' ? 'document.completed' : 'document.failed',
    timestamp: new Date().toISOString(),
    data: {
      id: document.id,
      user_id: document.userId ?? null,
      status: document.status,
      total_pages: document.totalPages,
      failed_pages: document.failedPages,
      needs_human_review: document.needsHumanReview ?? null,
      plan: document.plan,
      error: document.error,
    },
  };
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** After each try that failed; after the one that follows the last pause, a delivery is given up. 22 hours in all. */
const PAUSES = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR];
/** Of a pause, more or less: so that what failed together does not come again together. */
const JITTER = 0.2;
const LOOK_EVERY_MS = 2 * SECOND;
const LIMIT_MS = 10 * SECOND;
/** Longer than a try takes. */
const LEASE_MS = 6 * LIMIT_MS;
const AT_ONCE = 4;

/**
 * Milliseconds until a delivery is tried again; undefined when it is given up.
 *
 * @param attempts tries that have failed
 * @param chance from 0 up to 1
 */
export function pauseAfter(attempts: number, chance: number): number | undefined {
  const pause = PAUSES[attempts - 1];
  return pause && Math.round(pause * (1 - JITTER + 2 * JITTER * chance));
}

/** Tells the app's webhook what becomes of documents, again and again until it has taken it. */
export class Webhook {
  readonly #url: string;
  readonly #signature: Signature;
  readonly #tools: WebhookTools & { clock: Clock };
  #round: Promise<void> | undefined;
  /** How often it was said that there is something to tell. */
  #wakes = 0;
  /** Whether the last try failed: the log has a line when that changes. */
  #isFailing = false;
  readonly #rounds: Promise<void>;

  constructor({ url, secret }: WebhookSettings, tools: WebhookTools) {
    this.#url = url;
    this.#signature = new Signature(secret);
    this.#tools = { clock: systemClock, ...tools };
    this.#rounds = every(LOOK_EVERY_MS, () => this.#deliverDue(), tools);
  }

  /** There is something to tell. */
  wake(): void {
    this.#wakes++;
    if (this.#tools.closing.aborted) return;
    this.#deliverDue().catch((error: unknown) => {
      if (!this.#tools.closing.aborted) this.#tools.onTrouble(error);
    });
  }

  /** Resolves when it has ended. */
  async ended(): Promise<void> {
    await this.#rounds;
    await this.#round?.catch(() => undefined);
  }

  #deliverDue(): Promise<void> {
    this.#round ??= this.#deliverAll().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  async #deliverAll(): Promise<void> {
    const { deliveries, closing } = this.#tools;
    while (!closing.aborted) {
      const wakes = this.#wakes;
      const due = await deliveries.takeDue(AT_ONCE, LEASE_MS);
      await Promise.all(due.map((delivery) => this.#deliver(delivery)));
      if (due.length < AT_ONCE && this.#wakes === wakes) return;
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { deliveries, closing, onOutcome, logger } = this.#tools;
    const { id, document } = delivery;
    const trouble = await this.#send(delivery).catch((error: unknown) => ({ ...reasonOf(error) }));
    if (!trouble) {
      onOutcome('delivered');
      if (this.#isFailing) logger.info({}, 'the webhook takes what it is told again');
      this.#isFailing = false;
      return deliveries.done(id);
    }
    // It was broken off, and is nobody's fault.
    if (closing.aborted) return deliveries.giveBack(id);
    const attempts = delivery.attempts + 1;
    const pause = pauseAfter(attempts, Math.random());
    if (pause === undefined) {
      onOutcome('given_up');
      logger.warn({ document, attempts, ...trouble }, 'the webhook was not told of a document');
      return deliveries.done(id);
    }
    onOutcome('failed');
    if (!this.#isFailing) {
      logger.warn(
        { document, attempts, ...trouble },
        'the webhook does not take what it is told; it is tried again',
      );
    }
    this.#isFailing = true;
    return deliveries.later(id, pause);
  }

  /** @returns why it was not taken; undefined when it was */
  async #send({ id, event }: Delivery): Promise<object | undefined> {
    const { clock, closing } = this.#tools;
    const done = new AbortController();
    const late = new AbortController();
    const signal = AbortSignal.any([closing, late.signal]);
    clock.sleep(LIMIT_MS, done.signal).then(
      () => late.abort(new Error('late')),
      () => undefined,
    );
    const now = new Date();
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        // Where the app says, and nowhere else.
        redirect: 'manual',
        headers: {
          'Content-Type': 'application/json',
          'User-Agent': 'Quire',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(now.getTime() / SECOND)),
          'webhook-signature': this.#signature.sign(id, now, event),
        },
        body: event,
        signal,
      });
      await response.body?.cancel();
      return response.ok ? undefined : { status: response.status };
    } catch (error) {
      if (late.signal.aborted) return { error: 'timeout' };
      throw error;
    } finally {
      done.abort();
    }
  }
}

/** `fetch` says no more than that it failed; its cause does. */
function reasonOf(error: unknown): object {
  return loggable(error instanceof Error && error.cause instanceof Error ? error.cause : error);
}
