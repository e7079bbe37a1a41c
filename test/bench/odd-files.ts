import { layOutWords, type PlacedWord } from '../../src/stages/layout.js';
import type * as PageTexts from '../../src/stages/page-texts.js';
import { rawPdf } from '../pdf-fixtures.js';
import { built } from './built.js';
import { atMost, timed } from './figures.js';

const PAGES = 400;
const PAGE = { content: 'BT /F1 12 Tf 50 700 Td (A sound page with text enough) Tj ET' };

/** What odd files cost, against usual ones: missing pages, and very many words on a page. */
export async function oddFiles(): Promise<void> {
  const { PageReader } = await built<typeof PageTexts>('stages/page-texts.js');
  const reader = new PageReader();
  try {
    await reader.read(rawPdf([PAGE]));
    const sound = await timed(() => reader.read(rawPdf(Array.from({ length: PAGES }, () => PAGE))));
    const missing = await timed(() =>
      reader.read(rawPdf([PAGE, ...Array.from({ length: PAGES }, () => null)])),
    );
    atMost(5, `time for ${PAGES} missing pages, to that for as many sound ones`, missing / sound);
  } finally {
    await reader.close();
  }
  layOutWords(words(10_000));
  const few = await timed(() => layOutWords(words(10_000)));
  const many = await timed(() => layOutWords(words(100_000)));
  atMost(20, 'time to lay out 100,000 words, to that for 10,000', many / few);
}

function words(count: number): PlacedWord[] {
  return Array.from({ length: count }, (_, index) => ({
    text: 'word',
    start: (index % 7) * 90,
    end: (index % 7) * 90 + 20,
    baseline: -Math.floor(index / 7) * 12,
    size: 10,
  }));
}
