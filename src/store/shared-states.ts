import type { KeptState, KeptStates } from '../shared-state/replicated-states.js';
import type { Database, Query, Row } from './database.js';

/** The channel that tells of each change of a state; the payload is its name. */
export const STATES_CHANNEL = 'quire_states';

/** Of the latest writes that are remembered: more than replicas make while one of them tries one again. */
const WRITES_KEPT = 100;

const COLUMNS = 'name, state::text AS text, version::text AS version';

/** States that all processes on the database share. */
export class SharedStates implements KeptStates {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async changed(known: ReadonlyMap<string, bigint>): Promise<{ states: KeptState[]; at: number }> {
    const rows = await this.#database.query(
      `SELECT ${COLUMNS}, at FROM (SELECT extract(epoch FROM clock_timestamp()) * 1000 AS at) AS clock
       LEFT JOIN quire.shared_states ON NOT EXISTS (
         SELECT FROM unnest($1::text[], $2::bigint[]) AS known (name, version)
         WHERE known.name = shared_states.name AND known.version = shared_states.version
       )`,
      [[...known.keys()], [...known.values()].map(String)],
    );
    const states = rows.filter(({ name }) => name !== null).map(keptState);
    return { states, at: Number(rows[0]?.at) };
  }

  change(name: string, write: string, apply: (text: string | undefined) => string): Promise<KeptState> {
    return this.#database.transaction(async (query) => {
      let row = await locked(query, name, write);
      if (!row) {
        // Where another process is the first, its state is waited for.
        const [created] = await query(
          `INSERT INTO quire.shared_states (name, state, writes) VALUES ($1, $2, ARRAY[$3::uuid])
           ON CONFLICT DO NOTHING RETURNING ${COLUMNS}, pg_notify('${STATES_CHANNEL}', name)`,
          [name, apply(undefined), write],
        );
        if (created) return keptState(created);
        row = await locked(query, name, write);
      }
      const state = keptState(row ?? {});
      const text = row?.done === true ? state.text : apply(state.text);
      if (text === state.text) return state;
      const [written] = await query(
        `UPDATE quire.shared_states SET state = $2, version = version + 1,
           writes = ($3::uuid || writes)[1:${WRITES_KEPT}]
         WHERE name = $1 RETURNING ${COLUMNS}, pg_notify('${STATES_CHANNEL}', name)`,
        [name, text, write],
      );
      return keptState(written ?? {});
    });
  }
}

/** A state that nobody else changes meanwhile, and whether a write was among its latest ones. */
async function locked(query: Query, name: string, write: string): Promise<Row | undefined> {
  const [row] = await query(
    `SELECT ${COLUMNS}, $2::uuid = ANY(writes) AS done FROM quire.shared_states WHERE name = $1 FOR UPDATE`,
    [name, write],
  );
  return row;
}

function keptState({ name, text, version }: Row): KeptState {
  return { name: String(name), text: String(text), version: BigInt(String(version)) };
}
