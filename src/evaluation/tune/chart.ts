import { markup, type Markup } from '../parity/markup.js';
import { Labels, textWidth, type Place } from './labels.js';
import type { Point } from './figures.js';
import type { TuningReport } from './report.js';
import { each, PAGE_BY_PAGE, planName, time, VERDICTS } from './wording.js';

const WIDTH = 1080;
const HEIGHT = 560;
/** Where the points are drawn. The right margin holds labels of the last. */
const FRAME = { left: 72, right: 976, top: 56, bottom: 500 };
/** Marks nearer to each other than this are one to the eye, and share a label. */
const ONE_TO_THE_EYE = 7;

/** Time a document against cost a document, or against calls: a mark for each plan. */
export function chart(report: TuningReport): Markup {
  const { cost_measure: measure, control, documents, points, recommended } = report;
  const costOf = (plan: Pick<Point, 'calls' | 'cost_usd'>) => (plan[measure] ?? 0) / documents.length;
  const timeOf = (plan: Pick<Point, 'seconds'>) => plan.seconds / documents.length;
  const all = [control, ...points];
  const costs = ticks(Math.min(...all.map(costOf)), Math.max(...all.map(costOf)));
  const times = ticks(0, Math.max(...all.map(timeOf)));
  const x = (cost: number) => FRAME.left + costs.share(cost) * (FRAME.right - FRAME.left);
  const y = (seconds: number) => FRAME.bottom - times.share(seconds) * (FRAME.bottom - FRAME.top);
  const place = (plan: Pick<Point, 'calls' | 'cost_usd' | 'seconds'>): Place => ({
    x: x(costOf(plan)),
    y: y(timeOf(plan)),
  });
  const sizes = [...new Set(points.map(({ batch_size: size }) => size))];
  const bySize = sizes.map((size) => points.filter((point) => point.batch_size === size));
  const labels = new Labels(
    all.map(place),
    bySize.map((ofSize) => ofSize.map(place)),
    {
      left: FRAME.left,
      right: WIDTH,
      top: 30,
      bottom: FRAME.bottom,
    },
  );
  if (recommended) labels.put(place(recommended), planName(recommended), 'chosen');
  labels.put(place(control), PAGE_BY_PAGE, 'plain');
  const named = groups(points, recommended, place).flatMap(([first, ...others]) =>
    first ? [{ first, name: groupName(first, others) }] : [],
  );
  // Long ones first: they find a place less easily.
  for (const { first, name } of named.sort((a, b) => b.name.length - a.name.length)) {
    labels.put(place(first), name, 'plain');
  }
  const costName = measure === 'calls' ? 'Calls a document' : 'Cost a document in USD';
  return markup`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Seconds a document against ${costName.toLowerCase()}">
${legend(report)}
${times.at.map((tick) => horizontal(y(tick), tick.toFixed(times.decimals)))}
${costs.at.map((tick) => vertical(x(tick), tick.toFixed(costs.decimals)))}
<text class="axis" x="${(FRAME.left + FRAME.right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${costName}</text>
<text class="axis" x="16" y="${(FRAME.top + FRAME.bottom) / 2}" text-anchor="middle" transform="rotate(-90 16 ${(FRAME.top + FRAME.bottom) / 2})">Seconds a document</text>
${bySize.map((ofSize) => markup`<polyline class="size" points="${ofSize.map((p) => corner(place(p))).join(' ')}"></polyline>`)}
${points.map((point) => mark(place(point), point.verdict, point.timing, tip(point, report)))}
${mark(place(control), 'control', 'measured', `${PAGE_BY_PAGE}: ${time(timeOf(control))} s, ${each(control.calls, documents.length)} calls`)}
${recommended ? ring(place(recommended)) : ''}
${labels.drawn()}
</svg>`;
}

/** Points that are one to the eye; the recommended one is left out, because it has a label of its own. */
function groups(
  points: readonly Point[],
  recommended: Point | null,
  place: (point: Point) => Place,
): Point[][] {
  const found: Point[][] = [];
  for (const point of points.filter((point) => point !== recommended)) {
    const { x, y } = place(point);
    const near = found.find(([first]) => {
      if (!first) return false;
      const other = place(first);
      return Math.abs(other.x - x) < ONE_TO_THE_EYE && Math.abs(other.y - y) < ONE_TO_THE_EYE;
    });
    if (near) near.push(point);
    else found.push([point]);
  }
  return found;
}

/** Like `5x3, 5, 10`; of plans of several sizes, or of many, the first and how many more there are. */
function groupName(first: Point, others: readonly Point[]): string {
  const isOneSize = others.every(({ batch_size: size }) => size === first.batch_size);
  if (!isOneSize || others.length > 2) return `${planName(first)} + ${others.length}`;
  return [planName(first), ...others.map(({ max_workers: workers }) => workers)].join(', ');
}

function tip(point: Point, { documents }: TuningReport): string {
  const seconds = time(point.seconds / documents.length);
  const calls = each(point.calls, documents.length);
  return `${planName(point)}: ${seconds} s (${point.timing}), ${calls} calls, ${VERDICTS[point.verdict]}`;
}

type Kind = Point['verdict'] | 'control';

const SHAPES: Record<Kind, string> = {
  agrees: 'M-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0 -11 0z',
  agrees_less: 'M0 -7.5L7.5 0L0 7.5L-7.5 0z',
  too_few_pages: 'M-5 -5H5V5H-5z',
  control: 'M0 -7L7 5.5H-7z',
};

function mark({ x, y }: Place, kind: Kind, timing: Point['timing'], title?: string): Markup {
  return markup`<path class="mark ${kind} ${timing}" transform="translate(${fixed(x)} ${fixed(y)})" d="${SHAPES[kind]}">${title === undefined ? '' : markup`<title>${title}</title>`}</path>`;
}

function ring({ x, y }: Place): Markup {
  return markup`<circle class="ring" cx="${fixed(x)}" cy="${fixed(y)}" r="12"></circle>`;
}

function horizontal(y: number, tick: string): Markup {
  return markup`<line class="grid" x1="${FRAME.left}" x2="${FRAME.right}" y1="${fixed(y)}" y2="${fixed(y)}"></line><text class="tick" x="${FRAME.left - 8}" y="${fixed(y + 4)}" text-anchor="end">${tick}</text>`;
}

function vertical(x: number, tick: string): Markup {
  return markup`<line class="grid" x1="${fixed(x)}" x2="${fixed(x)}" y1="${FRAME.top}" y2="${FRAME.bottom}"></line><text class="tick" x="${fixed(x)}" y="${FRAME.bottom + 20}" text-anchor="middle">${tick}</text>`;
}

/** What the marks mean, as far as they occur. */
function legend({ points, recommended }: TuningReport): Markup[] {
  const verdicts = (['agrees', 'agrees_less', 'too_few_pages'] as const).filter((verdict) =>
    points.some((point) => point.verdict === verdict),
  );
  const [usual = 'agrees'] = verdicts;
  const entries: { text: string; draw: (place: Place) => Markup }[] = [
    { text: PAGE_BY_PAGE, draw: (place) => mark(place, 'control', 'measured') },
    ...verdicts.map((verdict) => ({
      text: VERDICTS[verdict],
      draw: (place: Place) => mark(place, verdict, 'measured'),
    })),
    { text: 'hollow: replayed', draw: (place) => mark(place, usual, 'replayed') },
    ...(recommended ? [{ text: 'recommended', draw: ring }] : []),
  ];
  let x = FRAME.left;
  return entries.map(({ text, draw }) => {
    const entry = markup`${draw({ x: x + 8, y: 16 })}<text class="label" x="${fixed(x + 26)}" y="20">${text}</text>`;
    x += 26 + textWidth(text) + 24;
    return entry;
  });
}

interface Scale {
  /** Round numbers, ascending, from one end of the axis to the other. */
  at: number[];
  decimals: number;
  /** Where on the axis a value is, 0 to 1. */
  share(value: number): number;
}

/** An axis of about five steps. It begins at 0, unless all values are in its further half. */
function ticks(least: number, most: number): Scale {
  const from = least > most / 2 && least < most ? least - (most - least) / 5 : 0;
  const rough = (most > from ? most - from : 1) / 5;
  const power = Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * 10 ** power).find((size) => size >= rough) ?? rough;
  // Quotients of fractions may come out a little off a whole number.
  const first = Math.floor(from / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(most / step - 1e-9));
  return {
    at: Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step),
    decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)),
    share: (value) => (value / step - first) / (last - first),
  };
}

function corner({ x, y }: Place): string {
  return `${fixed(x)},${fixed(y)}`;
}

function fixed(number: number): string {
  return number.toFixed(1);
}
