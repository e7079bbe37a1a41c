import { fromUsd, toUsd, type Allowance } from '../llm/usage.js';
import { NotAllowed, type ShadowBudget } from './budget.js';

/** What was spent in a day, by the calendar (UTC) of what keeps it. */
interface Spending {
  /** ISO 8601. */
  day: string;
  /** In 10^-12 USD. */
  spent: bigint;
}

/** Where replicas keep what their shadows spend. Money is in 10^-12 USD. */
export interface KeptSpending {
  today(): Promise<Spending>;
  /** Counts `most` as spent today, unless more than `budget` would be; then undefined. */
  reserve(most: bigint, budget: bigint): Promise<Spending | undefined>;
  /** Adds to what was spent on a day; less than zero gives back. */
  add(day: string, amount: bigint): Promise<Spending>;
}

/**
 * One budget for all replicas. What a replica that died had reserved stays counted as spent, and so does what could not
 * be given back at once: no more than the budget is ever spent.
 */
export class SharedBudget implements ShadowBudget {
  readonly most: number;
  readonly #kept: () => Promise<KeptSpending>;
  #known: Spending = { day: '', spent: 0n };
  #isAsking = false;
  #billed = 0n;

  /**
   * @param usd may be spent in a day
   * @param kept what replicas keep, once it can be had
   */
  constructor(usd: number, kept: () => Promise<KeptSpending>) {
    this.most = usd;
    this.#kept = kept;
  }

  /** As last known; being asked, it is looked up for the next time. */
  get spent(): number {
    void this.#ask();
    return this.#known.day === new Date().toISOString().slice(0, 10) ? toUsd(this.#known.spent) : 0;
  }

  takeBilled(): number {
    const billed = this.#billed;
    this.#billed = 0n;
    return toUsd(billed);
  }

  /** @throws what keeps the spending throws, when it cannot be had now */
  readonly allowance: Allowance = async (most) => {
    if (most === undefined) throw new NotAllowed('no_price');
    const kept = await this.#kept();
    const reserved = await kept.reserve(most, fromUsd(this.most));
    if (!reserved) throw new NotAllowed('budget');
    this.#known = reserved;
    return (billed) => {
      this.#billed += billed;
      if (billed !== most) void this.#add(kept, reserved.day, billed - most);
    };
  };

  /** Not again when that fails: it may have been done. */
  async #add(kept: KeptSpending, day: string, amount: bigint): Promise<void> {
    const spending = await kept.add(day, amount).catch(() => undefined);
    if (spending && spending.day >= this.#known.day) this.#known = spending;
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      this.#known = await (await this.#kept()).today();
    } catch {
      // As last known.
    } finally {
      this.#isAsking = false;
    }
  }
}
