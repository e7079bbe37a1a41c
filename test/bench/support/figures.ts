import type { Judged } from './judged.js';

/** The chance that a wrong value has less of something than a right one; ties count half. */
export function auroc(judged: readonly Judged[], of: (each: Judged) => number): number {
  const sorted = judged.map((each) => ({ of: of(each), isWrong: each.isWrong })).sort((a, b) => a.of - b.of);
  let [rankSum, wrong] = [0, 0];
  for (let from = 0; from < sorted.length;) {
    let to = from;
    while (to < sorted.length && sorted[to]?.of === sorted[from]?.of) to++;
    for (let at = from; at < to; at++) {
      if (!sorted[at]?.isWrong) continue;
      wrong++;
      rankSum += (from + to + 1) / 2;
    }
    from = to;
  }
  const right = sorted.length - wrong;
  return 1 - (rankSum - (wrong * (wrong + 1)) / 2) / (wrong * right);
}

/** Of the wrong values, the share among the first so many of all, the least of something first. */
export function foundInFirst(judged: readonly Judged[], share: number, of: (each: Judged) => number): number {
  const sorted = [...judged].sort((a, b) => of(a) - of(b));
  const wrong = sorted.filter(({ isWrong }) => isWrong).length;
  const first = sorted.slice(0, Math.round(share * sorted.length));
  return first.filter(({ isWrong }) => isWrong).length / wrong;
}

export interface Bin {
  from: number;
  to: number;
  values: number;
  support: number;
  right: number;
}

/** What support says and what is right, in five parts of as many values each. */
export function bins(judged: readonly Judged[]): Bin[] {
  const sorted = [...judged].sort((a, b) => a.support - b.support);
  const mean = (of: readonly number[]) => of.reduce((sum, each) => sum + each, 0) / of.length;
  return Array.from({ length: 5 }, (_, bin) => {
    const part = sorted.slice(
      Math.round((bin * sorted.length) / 5),
      Math.round(((bin + 1) * sorted.length) / 5),
    );
    return {
      from: part[0]?.support ?? 0,
      to: part.at(-1)?.support ?? 0,
      values: part.length,
      support: mean(part.map(({ support }) => support)),
      right: 100 * mean(part.map(({ isWrong }) => (isWrong ? 0 : 1))),
    };
  });
}
