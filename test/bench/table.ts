import type { Measurement } from './measure.js';

const HOUR_MS = 3_600_000;

/**
 * Measurements of one scenario as a Markdown table; the first one is what the others are compared with.
 *
 * @param documents how many, where documents an hour are to be shown
 */
export function table(
  measured: readonly Measurement[],
  documents: number | undefined,
  isLimited: boolean,
): string {
  const [control] = measured;
  const columns: [string, (of: Measurement) => string][] = [
    ['seconds', ({ ms }) => (ms / 1_000).toFixed(2)],
    ['faster', ({ ms }) => `${((control?.ms ?? 0) / ms).toFixed(2)}x`],
    ['over bound', ({ overBound }) => overBound.divisible.toFixed(2)],
    ['over whole bound', ({ overBound }) => overBound.whole.toFixed(2)],
    ['calls', ({ calls }) => String(calls)],
    ['prompt tokens', ({ promptTokens }) => thousands(promptTokens)],
    ['cached', ({ cachedTokens }) => thousands(cachedTokens)],
    ['answer tokens', ({ completionTokens }) => thousands(completionTokens)],
    ['USD', ({ costUsd }) => costUsd.toFixed(4)],
    ['same records', ({ identical }) => identical],
    ['CPU ms a page', ({ cpuMsPerPage }) => cpuMsPerPage.toFixed(2)],
    ['peak MB', ({ peakMb }) => peakMb.toFixed(0)],
    ['KB sent', ({ sentKb }) => thousands(sentKb)],
  ];
  if (documents !== undefined) {
    columns.splice(2, 0, ['documents/h', ({ ms }) => thousands((documents * HOUR_MS) / ms)]);
  }
  if (isLimited) {
    columns.splice(3, 0, [
      '429: first minute + later',
      ({ turnedDown }) => `${turnedDown.inFirstMinute} + ${turnedDown.later}`,
    ]);
  }
  return [
    `| | ${columns.map(([title]) => title).join(' | ')} |`,
    `|---|${columns.map(() => '--:').join('|')}|`,
    ...measured.map((row) => `| ${row.name} | ${columns.map(([, cell]) => cell(row)).join(' | ')} |`),
  ].join('\n');
}

function thousands(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}
