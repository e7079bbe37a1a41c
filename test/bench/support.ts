import type * as Reader from '../../src/stages/page-texts.js';
import { POINTS } from '../../src/stages/support/table.js';
import { built } from './built.js';
import { atMost } from './figures.js';
import { FITTED, UNSEEN } from './support/errors.js';
import { auroc, bins, foundInFirst } from './support/figures.js';
import { fit } from './support/fit.js';
import { fittedPages } from './support/fitted-pages.js';
import { judge, judgeSamples, type Judged } from './support/judged.js';
import { unseenPages } from './support/unseen-pages.js';

/** Of values, in the field. */
const WRONG = 0.05;
/** In the fit: hardly more, because what a sum says depends on how many others are wrong. */
const WRONG_IN_FIT = 0.08;
const FIRST = 0.2;

/**
 * Fits the points of support on made pages, and measures what support says of other pages with other kinds of error:
 * in the order of support, wrong values come first; and so many of a hundred values are right as it says.
 */
export async function support(): Promise<void> {
  const { PageReader } = await built<typeof Reader>('stages/page-texts.js');
  const reader = new PageReader();
  try {
    const fitted = await judge(reader, {
      pagesOf: fittedPages,
      mistakes: FITTED,
      documents: 400,
      scannedOf: 13,
      wrong: WRONG_IN_FIT,
      seed: 1,
    });
    tellFit(fitted);
    const unseen = await judge(reader, {
      pagesOf: unseenPages,
      mistakes: UNSEEN,
      documents: 220,
      scannedOf: 11,
      wrong: WRONG,
      seed: 2,
    });
    tellFigures('other pages, other kinds of error', unseen);
    const samples = await judgeSamples(reader, { mistakes: UNSEEN, wrong: WRONG, seed: 3, rounds: 60 });
    tellFigures('the samples, with the same errors', samples);
  } finally {
    await reader.close();
  }
}

function tellFit(judged: readonly Judged[]): void {
  const { base, weights } = fit(judged, WRONG);
  tell(`fitted on ${judged.length} values, ${wrongOf(judged).length} of them wrong (kept beside it):`);
  tell(`  base ${Math.round(10 * base)}`);
  for (const [reason, weight] of weights) {
    const all = judged.filter(({ reasons }) => reasons.some((each) => each === reason));
    const kept = new Map<string, number>(Object.entries(POINTS)).get(reason);
    tell(
      `  ${reason} ${Math.round(10 * weight)} (${kept}); ${all.length} values, ${wrongOf(all).length} wrong`,
    );
  }
}

function tellFigures(of: string, judged: readonly Judged[]): void {
  const bySupport = ({ support }: Judged) => support;
  tell(`\n${of}: ${judged.length} values, ${wrongOf(judged).length} of them wrong`);
  tell(
    `AUROC of support ${auroc(judged, bySupport).toFixed(3)}, of the model's number ${auroc(judged, ({ confidence }) => confidence).toFixed(3)}`,
  );
  for (const mistake of new Set(wrongOf(judged).map((each) => each.mistake))) {
    const part = judged.filter((each) => !each.isWrong || each.mistake === mistake);
    tell(
      `  ${mistake ?? 'misread by OCR'}: ${wrongOf(part).length}, AUROC ${auroc(part, bySupport).toFixed(3)}`,
    );
  }
  for (const { from, to, values, support, right } of bins(judged)) {
    tell(
      `  support ${from.toFixed(1)} to ${to.toFixed(1)}: ${values} values, ${support.toFixed(1)} in the mean, ${right.toFixed(1)} % right`,
    );
  }
  atMost(0.1, 'wrong values that do not come before a right one (1 - AUROC)', 1 - auroc(judged, bySupport));
  atMost(
    0.1,
    'share of the wrong values that are not in the first 20 %',
    1 - foundInFirst(judged, FIRST, bySupport),
  );
  const off = bins(judged).map(({ support, right }) => Math.abs(support - right));
  atMost(5, 'points of a hundred that support is off in a fifth of the values', Math.max(...off));
}

function wrongOf(judged: readonly Judged[]): Judged[] {
  return judged.filter(({ isWrong }) => isWrong);
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
