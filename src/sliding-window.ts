/** A window is kept in so many parts: it slides by one of them at a time. */
const PARTS = 60;

interface Part<Name extends string> {
  index: number;
  sums: Partial<Record<Name, number>>;
}

/** What was added up in a window, as plain data. */
export type WindowParts<Name extends string> = readonly Part<Name>[];

/**
 * @param ms how far the window reaches back, from 60
 * @param now milliseconds of the clock by which it slides
 * @returns with the amounts added, and without what is out of the window
 */
export function addedTo<Name extends string>(
  parts: WindowParts<Name>,
  amounts: Partial<Record<Name, number>>,
  ms: number,
  now: number,
): WindowParts<Name> {
  const index = indexAt(ms, now);
  const sums: Part<Name>['sums'] = { ...parts.find((part) => part.index === index)?.sums };
  for (const name of Object.keys(amounts) as Name[]) {
    sums[name] = (sums[name] ?? 0) + (amounts[name] ?? 0);
  }
  return [...within(parts, index).filter((part) => part.index !== index), { index, sums }];
}

/** The sum of what was added under a name within the window. */
export function sumOf<Name extends string>(
  parts: WindowParts<Name>,
  name: Name,
  ms: number,
  now: number,
): number {
  return within(parts, indexAt(ms, now)).reduce((total, { sums }) => total + (sums[name] ?? 0), 0);
}

/** Sums over the last so many milliseconds, in constant memory. */
export class SlidingWindow<Name extends string> {
  readonly #ms: number;
  #parts: WindowParts<Name> = [];

  /** @param ms how far back it reaches, from 60 */
  constructor(ms: number) {
    this.#ms = ms;
  }

  add(amounts: Partial<Record<Name, number>>): void {
    this.#parts = addedTo(this.#parts, amounts, this.#ms, performance.now());
  }

  /** The sum of what was added under a name within the window. */
  sum(name: Name): number {
    return sumOf(this.#parts, name, this.#ms, performance.now());
  }
}

function indexAt(ms: number, now: number): number {
  return Math.floor(now / (ms / PARTS));
}

function within<Name extends string>(parts: WindowParts<Name>, index: number): Part<Name>[] {
  return parts.filter((part) => part.index > index - PARTS);
}
