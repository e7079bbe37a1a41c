import type * as Reader from '../../src/stages/page-texts.js';
import { built } from './built.js';
import { FITTED, UNSEEN } from './support/errors.js';
import { auroc, bins, foundInFirst } from './support/figures.js';
import { fit } from './support/fit.js';
import { fittedPages } from './support/fitted-pages.js';
import { judge, judgeSamples } from './support/judged.js';
import { unseenPages } from './support/unseen-pages.js';

export async function support(): Promise<void> {
  const { PageReader } = await built<typeof Reader>('stages/page-texts.js');
  const reader = new PageReader();
  try {
    const scale = Number(process.env.N ?? 1);
    const scannedOf = Number(process.env.SCANNED ?? 5);
    const fitted = await judge(reader, {
      pagesOf: fittedPages,
      mistakes: FITTED,
      documents: 120 * scale,
      scannedOf,
      wrong: 0.4,
      seed: 1,
    });
    const { base, weights } = fit(fitted, 0.05);
    process.stdout.write(`base ${Math.round(10 * base)}\n`);
    for (const [reason, weight] of weights) {
      const n = fitted.filter((each) => each.reasons.includes(reason as never));
      process.stdout.write(
        `  ${reason}: ${Math.round(10 * weight)}   (${n.length}, wrong ${n.filter((e) => e.isWrong).length})\n`,
      );
    }
    const points = (each: { reasons: readonly string[] }) =>
      each.reasons.reduce((s, r) => s + (weights.get(r) ?? 0), base);
    const seen = await judge(reader, {
      pagesOf: unseenPages,
      mistakes: UNSEEN,
      documents: 240 * scale,
      scannedOf,
      wrong: 0.05,
      seed: 2,
    });
    const samples = (await judgeSamples(reader, { mistakes: UNSEEN, wrong: 0.05, seed: 3, rounds: 40 })).map(
      (each) => ({ ...each, support: 100 / (1 + Math.exp(-points(each))) }),
    );
    const refit = seen.map((each) => ({ ...each, support: 100 / (1 + Math.exp(-points(each))) }));
    for (const [what, js] of [
      ['fitted', fitted.map((each) => ({ ...each, support: 100 / (1 + Math.exp(-points(each))) }))],
      ['unseen', refit],
      ['samples', samples],
    ] as const) {
      process.stdout.write(
        `${what}: ${js.length} values, ${js.filter((e) => e.isWrong).length} wrong, auroc ${auroc(js, (e) => e.support).toFixed(3)}, model ${auroc(js, (e) => e.confidence).toFixed(3)}, first 20 % ${foundInFirst(js, 0.2, (e) => e.support).toFixed(3)}\n`,
      );
      for (const kind of new Set(js.filter((e) => e.isWrong).map((e) => e.mistake))) {
        const part = js.filter((e) => !e.isWrong || e.mistake === kind);
        process.stdout.write(
          `   ${kind}: ${part.filter((e) => e.isWrong).length} auroc ${auroc(part, (e) => e.support).toFixed(3)}\n`,
        );
      }
      for (const b of bins(js)) process.stdout.write(`   ${JSON.stringify(b)}\n`);
      const combos = new Map<string, [number, number, number]>();
      for (const e of js) {
        const k = e.reasons.join(' ');
        const c = combos.get(k) ?? [0, 0, e.support];
        c[e.isWrong ? 1 : 0]++;
        combos.set(k, c);
      }
      const rows = [...combos].sort((a, b) => b[1][0] + b[1][1] * 3 - a[1][0] - a[1][1] * 3).slice(0, 45);
      for (const [k, [r, w, s]] of rows)
        process.stdout.write(`      ${r} right ${w} wrong  ${s.toFixed(1)}  ${k}\n`);
    }
  } finally {
    await reader.close();
  }
}
