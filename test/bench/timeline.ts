import type { JournalEntry } from './provider-model.js';

/** The calls of one path, to be drawn. */
export interface Panel {
  title: string;
  calls: readonly JournalEntry[];
}

const WIDTH = 760;
const LEFT = 10;
const LANE = 9;
const GAP = 34;
const COLOURS = { one: '#7aa6c2', many: '#2b6a99', joined: '#b7793b', refused: '#c62828' };

/** Calls as bars over time, one row of bars for each that ran beside others; an SVG to be shown on a page. */
export function timeline(title: string, panels: readonly Panel[]): string {
  const longest = Math.max(...panels.map(({ calls }) => end(calls)));
  const scale = (WIDTH - 2 * LEFT) / longest;
  const parts: string[] = [];
  let top = 44;
  for (const panel of panels) {
    const lanes = lanesOf(panel.calls);
    parts.push(label(LEFT, top, `${panel.title}: ${(end(panel.calls) / 1_000).toFixed(2)} s`, 12));
    top += 6;
    const first = begin(panel.calls);
    for (const { call, lane } of lanes) {
      const x = LEFT + (call.startedAt - first) * scale;
      const width = Math.max(1, (call.endedAt - call.startedAt) * scale - 1);
      const y = top + lane * (LANE + 1);
      parts.push(
        `<rect x="${round(x)}" y="${y}" width="${round(width)}" height="${LANE}" rx="1" fill="${colour(call)}"/>`,
      );
    }
    top += (Math.max(...lanes.map(({ lane }) => lane)) + 1) * (LANE + 1) + GAP - 12;
  }
  const legend = [
    [COLOURS.one, 'one page'],
    [COLOURS.many, 'several pages'],
    [COLOURS.joined, 'joined text'],
    [COLOURS.refused, 'turned down'],
  ] as const;
  legend.forEach(([fill, text], index) => {
    const x = LEFT + 300 + index * 112;
    parts.push(`<rect x="${x}" y="11" width="10" height="10" fill="${fill}"/>`, label(x + 14, 20, text, 11));
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" role="img">`,
    `<title>${title}</title><rect width="100%" height="100%" fill="#fff"/>`,
    label(LEFT, 20, title, 14),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function begin(calls: readonly JournalEntry[]): number {
  return Math.min(...calls.map(({ startedAt }) => startedAt));
}

function end(calls: readonly JournalEntry[]): number {
  return Math.max(...calls.map(({ endedAt }) => endedAt)) - begin(calls);
}

function lanesOf(calls: readonly JournalEntry[]): { call: JournalEntry; lane: number }[] {
  const busyUntil: number[] = [];
  return [...calls]
    .sort((a, b) => a.startedAt - b.startedAt)
    .map((call) => {
      const free = busyUntil.findIndex((until) => until <= call.startedAt);
      const lane = free === -1 ? busyUntil.length : free;
      busyUntil[lane] = call.endedAt;
      return { call, lane };
    });
}

function colour({ status, pages }: JournalEntry): string {
  if (status !== 200) return COLOURS.refused;
  if (pages.length === 0) return COLOURS.joined;
  return pages.length === 1 ? COLOURS.one : COLOURS.many;
}

function label(x: number, y: number, text: string, size: number): string {
  return `<text x="${x}" y="${y}" font-family="sans-serif" font-size="${size}" fill="#222">${text}</text>`;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}
