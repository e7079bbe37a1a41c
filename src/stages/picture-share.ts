import { isEmpty, shared, type Area } from './areas.js';

/** A page is looked at in so many cells across and down. */
const CELLS = 50;

/** The share of a page that lies beneath any of some areas, to about a fiftieth. */
export function shareCovered(areas: readonly Area[], page: Area): number {
  const [width, height] = [(page.right - page.left) / CELLS, (page.top - page.bottom) / CELLS];
  if (!(width > 0 && height > 0)) return 0;
  const covered = new Uint8Array(CELLS * CELLS);
  for (const area of areas) {
    const seen = shared(area, page);
    if (isEmpty(seen)) continue;
    // A cell counts when its middle is covered.
    const from = { x: cell(seen.left - page.left, width), y: cell(seen.bottom - page.bottom, height) };
    const to = { x: cell(seen.right - page.left, width), y: cell(seen.top - page.bottom, height) };
    for (let y = from.y; y < to.y; y++) covered.fill(1, y * CELLS + from.x, y * CELLS + to.x);
  }
  return covered.reduce((sum, each) => sum + each, 0) / covered.length;
}

function cell(length: number, side: number): number {
  return Math.min(Math.max(Math.round(length / side), 0), CELLS);
}
