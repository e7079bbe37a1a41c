import { line, symbol, symbolCircle, symbolDiamond2, symbolSquare, symbolTriangle } from 'd3-shape';
import { fixed, horizontalAxis, scaleOf, verticalAxis, type Frame } from '../report/axes.js';
import { markup, type Markup } from '../report/markup.js';
import type { PlanFigures, Point, TuningReport } from './figures.js';
import { each, PAGE_BY_PAGE, planName, timeEach, VERDICTS } from './wording.js';

const WIDTH = 1080;
const HEIGHT = 540;
const FRAME: Frame = { left: 72, right: WIDTH - 72, top: 48, bottom: HEIGHT - 52 };
/** Labels nearer to each other than this would overlap, and are one. */
const LABEL_WIDTH = 68;
const LABEL_HEIGHT = 16;

type MarkKind = Point['verdict'] | 'control';

const SHAPES: Record<MarkKind, string | null> = {
  agrees: symbol(symbolCircle, 95)(),
  agrees_less: symbol(symbolDiamond2, 110)(),
  too_few_pages: symbol(symbolSquare, 100)(),
  control: symbol(symbolTriangle, 95)(),
};

/**
 * Time a document against cost a document, or against calls: a mark for each plan. Sizes are named over the
 * drawing and workers beside the marks.
 */
export function chart(report: TuningReport): Markup {
  const { cost_measure: measure, control, documents, points, recommended } = report;
  const all = [control, ...points];
  const costOf = (plan: PlanFigures) => (plan[measure] ?? 0) / documents.length;
  const timeOf = (plan: PlanFigures) => plan.seconds / documents.length;
  const costs = scaleOf(all.map(costOf), [FRAME.left, FRAME.right]);
  const times = scaleOf([0, ...all.map(timeOf)], [FRAME.bottom, FRAME.top]);
  const x = (plan: PlanFigures) => costs(costOf(plan));
  const y = (plan: PlanFigures) => times(timeOf(plan));
  // All plans of a size cost the same, and stand one over the other.
  const series = [...new Set(points.map((point) => point.batch_size))].map((size) =>
    points.filter((point) => point.batch_size === size),
  );
  const path = line<Point>(x, y).digits(1);
  const costName = measure === 'calls' ? 'Calls a document' : 'Cost a document in USD';
  const controlTip = `${timeEach(control, report)} s, ${each(control.calls, report)} calls`;
  return markup`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Seconds a document against ${costName.toLowerCase()}">
${verticalAxis(times, FRAME, 'Seconds a document')}
${horizontalAxis(costs, FRAME, costName)}
<text class="axis" x="16" y="24">Pages a call</text>
${series.map((ofSize) => markup`<path class="series" d="${path(ofSize) ?? ''}"></path>`)}
${neighbours(series, (ofSize) => mean(ofSize.map(x)), LABEL_WIDTH).map((near) => labels(near, x, y))}
${points.map((point) => mark(point.verdict, point.timing, [x(point), y(point)], tip(point, report)))}
${mark('control', 'measured', [x(control), y(control)], `${PAGE_BY_PAGE}: ${controlTip}`)}
${recommended ? ring(x(recommended), y(recommended)) : ''}
</svg>`;
}

/** What the marks mean, as far as they occur. */
export function legend({ points, recommended }: TuningReport): Markup {
  const verdicts = (['agrees', 'agrees_less', 'too_few_pages'] as const).filter((verdict) =>
    points.some((point) => point.verdict === verdict),
  );
  const entry = (key: Markup, text: string) =>
    markup`<li><svg viewBox="-14 -14 28 28" aria-hidden="true">${key}</svg>${text}</li>\n`;
  return markup`<ul class="legend">
${entry(mark('control', 'measured'), PAGE_BY_PAGE)}
${verdicts.map((verdict) => entry(mark(verdict, 'measured'), VERDICTS[verdict]))}
${entry(mark(verdicts[0] ?? 'agrees', 'replayed'), 'hollow: replayed')}
${recommended ? entry(ring(0, 0), `recommended: ${planName(recommended)}`) : ''}
</ul>`;
}

/** Names a size and its workers. Sizes too near to each other share a name, and have no room for workers. */
function labels(near: readonly Point[][], x: (point: Point) => number, y: (point: Point) => number): Markup {
  const points = near.flat();
  const left = mean(points.map(x));
  const groups = near.length > 1 ? [] : neighbours(points, y, LABEL_HEIGHT);
  const workers = groups.map((group) => {
    const name = `x${range(group.map((point) => point.max_workers))}`;
    return markup`<text class="label" x="${fixed(left + 18)}" y="${fixed(mean(group.map(y)) + 4)}">${name}</text>`;
  });
  const size = range(points.map((point) => point.batch_size));
  return markup`<text class="label" x="${fixed(left)}" y="24" text-anchor="middle">${size}</text>${workers}`;
}

/** Items in the order of their places, in groups whose places are less than `distance` from the next. */
function neighbours<Item>(items: readonly Item[], place: (item: Item) => number, distance: number): Item[][] {
  const groups: Item[][] = [];
  let last = -Infinity;
  for (const item of [...items].sort((a, b) => place(a) - place(b))) {
    if (place(item) - last < distance) groups.at(-1)?.push(item);
    else groups.push([item]);
    last = place(item);
  }
  return groups;
}

/** Like `5`, or `3–10`. */
function range(numbers: readonly number[]): string {
  return [...new Set([Math.min(...numbers), Math.max(...numbers)])].join('–');
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function tip(point: Point, report: TuningReport): string {
  const seconds = timeEach(point, report);
  return `${planName(point)}: ${seconds} s (${point.timing}), ${each(point.calls, report)} calls, ${VERDICTS[point.verdict]}`;
}

function mark(
  kind: MarkKind,
  timing: Point['timing'],
  [x, y]: readonly [number, number] = [0, 0],
  title = '',
): Markup {
  return markup`<path class="mark ${kind} ${timing}" transform="translate(${fixed(x)} ${fixed(y)})" d="${SHAPES[kind] ?? ''}">${title === '' ? '' : markup`<title>${title}</title>`}</path>`;
}

function ring(x: number, y: number): Markup {
  return markup`<circle class="ring" cx="${fixed(x)}" cy="${fixed(y)}" r="12"></circle>`;
}
