import { reduced, type Picture, type Pixels } from './picture.js';

/** Pixels of the reduced picture along a tile's side: 11 points of the page. */
const TILE = 8;
/** The share of a tile that is no lighter than its paper. */
const PAPER = 0.8;
/** Print on darker paper than this is lighter than it. */
const LEAST_PAPER = 140;

/**
 * Shaded fields and shadows become as white as the rest of the page: one threshold for the whole page would make
 * print on them, or the fields themselves, all black. What is dark stays.
 *
 * @param into - holds the new pixels; may be those of the picture
 */
export function unshaded(picture: Picture, into: Pixels = new Uint8Array(picture.pixels.length)): Picture {
  const { width, height, pixels } = picture;
  const papers = paperLevels(reduced(picture));
  if (papers.columns === 0 || papers.rows === 0) return picture;
  const side = 4 * TILE;
  for (let y = 0; y < height; y++) {
    const row = Math.min((y / side) | 0, papers.rows - 1);
    for (let column = 0; column < papers.columns; column++) {
      const paper = 256 * (papers.levels[row * papers.columns + column] ?? 255);
      const end = y * width + (column === papers.columns - 1 ? width : (column + 1) * side);
      for (let at = y * width + column * side; at < end; at++) {
        into[at] = LIGHTER[paper + (pixels[at] ?? 0)] ?? 0;
      }
    }
  }
  return { width, height, pixels: into };
}

/** What each of 256 gray levels becomes, by the level of the paper. */
const LIGHTER = Uint8Array.from({ length: 256 * 256 }, (_, index) =>
  Math.min(((index & 255) * 255) / Math.max(index >> 8, 1), 255),
);

/** The gray level of the paper in each tile; 255 where it is dark. */
function paperLevels({ width, height, pixels }: Picture): { columns: number; rows: number; levels: Pixels } {
  const [columns, rows] = [(width / TILE) | 0, (height / TILE) | 0];
  const levels = new Uint8Array(columns * rows);
  const tile = new Uint8Array(TILE * TILE);
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, index++) {
      for (let line = 0; line < TILE; line++) {
        const from = (row * TILE + line) * width + column * TILE;
        tile.set(pixels.subarray(from, from + TILE), line * TILE);
      }
      const paper = tile.sort()[Math.floor(PAPER * TILE * TILE)] ?? 255;
      levels[index] = paper < LEAST_PAPER ? 255 : paper;
    }
  }
  return { columns, rows, levels };
}
