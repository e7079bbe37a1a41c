import type { Database, Row } from './database.js';

const TODAY = `(now() AT TIME ZONE 'UTC')::date`;
const COLUMNS = 'day::text AS day, spent::text AS spent';

/** What was spent in a day (UTC), as the database's clock has it; in 10^-12 USD. */
interface Spending {
  /** ISO 8601. */
  day: string;
  spent: bigint;
}

/** What the shadows of all processes on the database spend. */
export class ShadowSpending {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async today(): Promise<Spending> {
    const [row] = await this.#database.query(
      `SELECT ${TODAY}::text AS day,
         coalesce((SELECT spent FROM quire.shadow_spending WHERE day = ${TODAY}), 0)::text AS spent`,
    );
    return spending(row);
  }

  /** Counts `most` as spent today, unless more than `budget` would be; then undefined. */
  async reserve(most: bigint, budget: bigint): Promise<Spending | undefined> {
    const [row] = await this.#database.query(
      `INSERT INTO quire.shadow_spending AS kept (day, spent)
       SELECT ${TODAY}, $1::numeric WHERE $1::numeric <= $2::numeric
       ON CONFLICT (day) DO UPDATE SET spent = kept.spent + excluded.spent
         WHERE kept.spent + excluded.spent <= $2::numeric
       RETURNING ${COLUMNS}`,
      [String(most), String(budget)],
    );
    return row && spending(row);
  }

  /** Adds to what was spent on a day; less than zero gives back. */
  async add(day: string, amount: bigint): Promise<Spending> {
    const [row] = await this.#database.query(
      `UPDATE quire.shadow_spending SET spent = spent + $2::numeric WHERE day = $1::date RETURNING ${COLUMNS}`,
      [day, String(amount)],
    );
    return spending(row);
  }
}

function spending(row: Row | undefined): Spending {
  return { day: String(row?.day), spent: BigInt(String(row?.spent)) };
}
