import type { KeptEvent } from '../../documents/events.js';

type Waiting = KeptEvent & { type: 'waiting' };
type Told = KeptEvent & { type: 'call_started' | 'call_ended' };

/** A model call. Times are milliseconds after the first that is shown. */
export interface Call {
  kind: 'call';
  /** Of the event that began it. */
  number: number;
  /** Of the event that ended it; undefined until then, and for one that was lost with its process. */
  ended?: number;
  unit: string;
  pages: readonly number[];
  purpose: 'first' | 'salvage';
  /** From 1; a call is made again when it failed. */
  attempt: number;
  from: number;
  /** undefined while it is under way. */
  to?: number;
  /** Of `call_ended`; `lost` where its end was not told. */
  outcome?: string;
  /** The worker that makes it, from 0. */
  lane: number;
}

/** A time in which no call starts. */
export interface Wait {
  kind: 'wait';
  number: number;
  why: Waiting['why'];
  from: number;
  /** undefined while nobody knows. */
  to?: number;
  lane: number;
}

/** Something that happened to calls at one time. */
interface Mark {
  kind: 'salvage' | 'again';
  number: number;
  unit?: string;
  pages?: readonly number[];
  /** Why the batch was not answered well. */
  why?: string | null;
  from: number;
}

export type Entry = Call | Wait | Mark;

/** What is left of a time in which nothing happened, between two readings, in milliseconds. */
const GAP_MS = 1_000;

/** The calls of a document and what they wait for, made from its events. An entry that changes is another object. */
export class Calls {
  /** In the order of their events. */
  readonly entries: Entry[] = [];
  workers = 0;
  waitLanes = 0;
  /** When the last thing known happens. */
  end = 0;
  #zero: number | undefined;
  #last = 0;
  /** Where in the entries calls are that have not ended. */
  readonly #open = new Map<string, number>();
  readonly #busy: boolean[] = [];
  readonly #attempts = new Map<string, number>();
  readonly #failures = new Map<string, string | null>();
  readonly #waits: number[] = [];
  #turn: number | undefined;

  take(event: KeptEvent): void {
    const at = Date.parse(event.at);
    switch (event.type) {
      case 'accepted':
        this.#again(event.number, at);
        break;
      case 'call_started':
        this.#start(event, this.#time(at));
        break;
      case 'call_ended':
        this.#endCall(event, this.#time(at));
        break;
      case 'waiting':
        this.#wait(event, this.#time(at));
        break;
      case 'batch_checked':
        this.#failures.set(event.unit, event.failure);
        break;
      case 'salvage_started':
        this.#add({
          kind: 'salvage',
          number: event.number,
          unit: event.unit,
          pages: event.pages,
          why: this.#failures.get(event.unit) ?? null,
          from: this.#time(at),
        });
        break;
      case 'completed':
      case 'failed':
      case 'cancelled':
        this.#loseAll();
        break;
    }
    if (event.type !== 'waiting') this.#endTurn(at);
    this.#last = at;
  }

  /** The time that is shown for one of the server's. */
  timeOf(at: number): number {
    return this.#zero === undefined ? 0 : at - this.#zero;
  }

  #time(at: number): number {
    this.#zero ??= at;
    const time = at - this.#zero;
    this.end = Math.max(this.end, time);
    return time;
  }

  /** The document is read again: the time between is left out. */
  #again(number: number, at: number): void {
    this.#loseAll();
    this.#attempts.clear();
    if (this.#zero === undefined) return;
    this.#zero += Math.max(0, at - this.#last - GAP_MS);
    this.#add({ kind: 'again', number, from: this.#time(at) });
  }

  #start({ number, unit, pages, purpose }: Told, from: number): void {
    const key = keyOf({ unit, pages, purpose });
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.set(key, attempt);
    let lane = this.#busy.indexOf(false);
    if (lane < 0) lane = this.workers++;
    this.#busy[lane] = true;
    this.#open.set(key, this.entries.length);
    this.#add({ kind: 'call', number, unit, pages, purpose, attempt, from, lane });
  }

  #endCall(event: KeptEvent & { type: 'call_ended' }, to: number): void {
    const key = keyOf(event);
    const place = this.#open.get(key);
    this.#open.delete(key);
    if (place !== undefined) this.#close(place, { ended: event.number, to, outcome: event.outcome });
  }

  #loseAll(): void {
    for (const place of [...this.#open.values()].flat())
      this.#close(place, { to: this.end, outcome: 'lost' });
    this.#open.clear();
  }

  #close(place: number, end: Pick<Call, 'ended' | 'to' | 'outcome'>): void {
    const call = this.entries[place];
    if (call?.kind !== 'call') return;
    this.#busy[call.lane] = false;
    this.entries[place] = { ...call, ...end };
  }

  #wait({ number, why, until }: Waiting, from: number): void {
    const to = until === null ? undefined : Math.max(from, this.timeOf(Date.parse(until)));
    let lane = this.#waits.findIndex((end) => end <= from);
    if (lane < 0) lane = this.waitLanes++;
    this.#waits[lane] = to ?? Infinity;
    if (to === undefined) this.#turn = this.entries.length;
    else this.end = Math.max(this.end, to);
    this.#add({ kind: 'wait', number, why, from, ...(to !== undefined && { to }), lane });
  }

  /** Whoever waited for a turn has it. */
  #endTurn(at: number): void {
    const wait = this.#turn === undefined ? undefined : this.entries[this.#turn];
    if (this.#turn === undefined || wait?.kind !== 'wait') return;
    const to = this.#time(at);
    this.#waits[wait.lane] = to;
    this.entries[this.#turn] = { ...wait, to };
    this.#turn = undefined;
  }

  #add(entry: Entry): void {
    this.entries.push(entry);
  }
}

function keyOf({ unit, pages, purpose }: Pick<Told, 'unit' | 'pages' | 'purpose'>): string {
  return `${unit} ${purpose} ${pages.join()}`;
}
