import { disagreement, tally } from './agreement.js';
import type { ComparedField } from './compare.js';
import { mixture } from '../wager.js';

/**
 * A document counts by no more than this, one way or the other: the less one can count, the more can be staked on
 * each. Small bounds find small disagreements that show everywhere, large ones large and rare ones.
 */
const BOUNDS = [0.02, 0.05, 0.15, 0.5];
/** Stakes, of the largest that cannot lose all. */
const STAKES = [0.3, 0.9];
const BETS = BOUNDS.flatMap((bound) => STAKES.map((stake) => ({ bound, stake })));
/** Shares that the interval is told between, from none to all. */
const GRID = [0, ...Array.from({ length: 36 }, (_, step) => 10 ** (-3 + step / 12)), 1];
/** An end of the interval is past the truth, at any look, in 1 of 40 cases at most. */
const REFUTED = 40;
/** With less the evidence would grow by itself. */
const LEAST_TOLERATED = 0.001;
/** Keeps what is won a number. */
const MOST_WON = 1e300;

/** How a document that was read three times came out. Shares of its fields, 0 to 1. */
export interface ReadThrice {
  /** That differ between the reading page by page and the one in batches. */
  candidate: number;
  /** That differ between the reading page by page and another one. */
  noise: number;
}

/** What was found of documents, as plain data. */
export interface OwnDisagreementData {
  documents: number;
  isOver: boolean;
  /** What each bet that batches change more than is tolerated has won. */
  alarms: readonly number[];
  /** For each share that the interval is told between: what the bets have won that it is too low, and too high. */
  tooLow: readonly (readonly number[])[];
  tooHigh: readonly (readonly number[])[];
}

/**
 * Of what a reading page by page was compared with: one in batches, and another page by page.
 *
 * @returns undefined where one of them had no field
 */
export function readThrice(
  candidate: readonly ComparedField[],
  noise: readonly ComparedField[],
): ReadThrice | undefined {
  const shares = { candidate: differing(candidate), noise: differing(noise) };
  return shares.candidate === null || shares.noise === null
    ? undefined
    : { candidate: shares.candidate, noise: shares.noise };
}

/** The share of a document's fields that differ, by page; null where there are none. */
function differing(fields: readonly ComparedField[]): number | null {
  return disagreement(tally(fields.filter(({ scope }) => scope === 'page')));
}

/**
 * The share of fields that batches change of their own, by documents that were read three times: page by page,
 * page by page again, and in batches. If batches changed nothing, the second and the third reading would differ from
 * the first alike, now the one more and now the other. So it is a fair game, or a losing one, to bet on each document
 * that batches differ more, and by more than is claimed that they change; whoever grows rich in it has refuted
 * the claim. This holds at every look, however fields of one document are wrong together, and whatever documents
 * come (docs/rollout.md, Sources).
 */
export class OwnDisagreement {
  readonly #tolerated: number;
  readonly #alarms: number[];
  readonly #claims: { own: number; tooLow: number[]; tooHigh: number[] }[];
  readonly #alarm: number;
  /** One bet alone is an alarm then; more would be none the surer, and in the way of finding that all is well again. */
  readonly #mostOfOne: number;
  #isOver: boolean;
  #documents: number;

  /**
   * @param tolerated the share of fields that batches may change, in the mean over documents; 0 to 1, less than 0.001
   *   counts as that
   * @param alarm the evidence that is one
   * @param data what was found before. Default: nothing was.
   */
  constructor(tolerated: number, alarm: number, data: OwnDisagreementData = nothingFound()) {
    this.#tolerated = Math.max(tolerated, LEAST_TOLERATED);
    this.#alarm = alarm;
    this.#mostOfOne = alarm * BETS.length;
    this.#documents = data.documents;
    this.#isOver = data.isOver;
    this.#alarms = [...data.alarms];
    this.#claims = GRID.map((own, index) => ({
      own,
      tooLow: [...(data.tooLow[index] ?? BETS.map(() => 1))],
      tooHigh: [...(data.tooHigh[index] ?? STAKES.map(() => 1))],
    }));
  }

  /** All that was found. */
  get data(): OwnDisagreementData {
    return {
      documents: this.#documents,
      isOver: this.#isOver,
      alarms: [...this.#alarms],
      tooLow: this.#claims.map(({ tooLow }) => [...tooLow]),
      tooHigh: this.#claims.map(({ tooHigh }) => [...tooHigh]),
    };
  }

  get documents(): number {
    return this.#documents;
  }

  add(document: ReadThrice): void {
    this.#documents++;
    // Shiryaev-Roberts recursions: it may have begun with any document.
    BETS.forEach((bet, index) => {
      const before = this.#alarms[index] ?? 0;
      this.#alarms[index] = Math.min((before + 1) * gain(bet, document, this.#tolerated), this.#mostOfOne);
    });
    this.#judge();
    for (const { own, tooLow, tooHigh } of this.#claims) {
      BETS.forEach((bet, index) => {
        tooLow[index] = Math.min((tooLow[index] ?? 1) * gain(bet, document, own), MOST_WON);
      });
      // A rare document that is wrong as a whole counts in full here.
      const missing = own - (document.candidate - document.noise);
      STAKES.forEach((stake, index) => {
        tooHigh[index] = Math.min((tooHigh[index] ?? 1) * (1 + stake * missing), MOST_WON);
      });
    }
  }

  /**
   * Whether batches change more than is tolerated, until half of the evidence is gone. While they do not, so many
   * documents as `alarm` says, or more, pass until it is found all the same, in the mean.
   */
  get isOverTolerated(): boolean {
    return this.#isOver;
  }

  #judge(): void {
    const evidence = mixture(this.#alarms);
    if (evidence >= this.#alarm) this.#isOver = true;
    if (!this.#isOver || evidence >= this.#alarm / 2) return;
    this.#isOver = false;
    this.#alarms.fill(0);
  }

  /**
   * How much more of the fields differ between a reading in batches and one page by page than between two page by
   * page, in the mean over documents, if that stays the same. Each end is right at every look, in 97.5 % of cases or
   * more; null before any document.
   */
  get interval(): { low: number; high: number } | null {
    if (this.#documents === 0) return null;
    const low = this.#claims.findLast(({ tooLow }) => mixture(tooLow) >= REFUTED)?.own ?? 0;
    const high = this.#claims.find(({ tooHigh }) => mixture(tooHigh) >= REFUTED)?.own ?? 1;
    return { low: Math.min(low, high), high };
  }
}

function nothingFound(): OwnDisagreementData {
  return {
    documents: 0,
    isOver: false,
    alarms: BETS.map(() => 0),
    tooLow: GRID.map(() => BETS.map(() => 1)),
    tooHigh: GRID.map(() => STAKES.map(() => 1)),
  };
}

/** What a bet multiplies what is staked by, that batches change more than `own`. */
function gain({ bound, stake }: { bound: number; stake: number }, document: ReadThrice, own: number): number {
  const difference = document.candidate - document.noise;
  const more = Math.max(-bound, Math.min(difference, bound));
  return 1 + (stake * (more - own)) / (bound + own);
}
