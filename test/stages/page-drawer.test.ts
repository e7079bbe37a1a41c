import { afterEach, describe, expect, test } from '@jest/globals';
import { NoSuchPageError, PageDrawer, whyNotDrawn } from '../../src/stages/page-drawer.js';
import { memoryBomb, rawPdf } from '../pdf-fixtures.js';

/** Pages drawn for people: by a thread that stays while somebody walks through a document. */

const never = new AbortController().signal;
const PLAIN = { content: 'BT /F1 12 Tf 50 700 Td (Branch: Main Street) Tj ET' };

const drawers: PageDrawer[] = [];
afterEach(async () => {
  await Promise.all(drawers.splice(0).map((drawer) => drawer.close()));
});

/** @param loaded told each time a document's PDF is fetched */
function given(memoryMb = 2_048, loaded: string[] = []) {
  const drawer = new PageDrawer({ memoryMb, languages: 'eng', timeLimitMs: 60_000 });
  drawers.push(drawer);
  const draw = (document: string, page: number, { pdf = rawPdf([PLAIN, PLAIN]), width = 480 } = {}) => {
    const load = () => {
      loaded.push(document);
      return Promise.resolve(pdf);
    };
    return drawer.draw({ document, load, party: { owner: 'anna', document }, page, width }, never);
  };
  return { drawer, draw, loaded };
}

describe('a thread', () => {
  test('stays for the next page of its document', async () => {
    const { drawer, draw, loaded } = given();
    await draw('a', 1);
    await draw('a', 2);
    expect(loaded).toEqual(['a']);
    expect(drawer.isOpen).toBe(true);
  });

  test('ends for another document, when its own is forgotten, and on close', async () => {
    const { drawer, draw, loaded } = given();
    await draw('a', 1);
    await draw('b', 1);
    await draw('a', 1);
    expect(loaded).toEqual(['a', 'b', 'a']);
    drawer.forget('b');
    expect(drawer.isOpen).toBe(true);
    drawer.forget('a');
    expect(drawer.isOpen).toBe(false);
    await draw('a', 1);
    await drawer.close();
    expect(drawer.isOpen).toBe(false);
    await expect(draw('a', 1)).rejects.toThrow('closed');
  });

  test('ends when its document is forgotten while it is opened', async () => {
    const { drawer } = given();
    const load = () => {
      drawer.forget('a');
      return Promise.resolve(rawPdf([PLAIN]));
    };
    const asked = { document: 'a', load, party: { owner: 'anna', document: 'a' }, page: 1, width: 480 };
    await drawer.draw(asked, never);
    expect(drawer.isOpen).toBe(false);
  });

  test('ends at once where others wait for its memory', async () => {
    const { drawer, draw } = given(320);
    await draw('a', 1);
    expect(drawer.isOpen).toBe(false);
  });

  test('ends at once after a picture that took more than its share of memory', async () => {
    const { drawer, draw } = given();
    await draw('a', 1, { width: 2_400 });
    expect(drawer.isOpen).toBe(false);
  });
});

test('a page that ends pdfium is told as one that cannot be drawn, and the next one is drawn', async () => {
  const { draw } = given();
  const pdf = memoryBomb([PLAIN]);
  const error: unknown = await draw('a', 1, { pdf }).catch((reason: unknown) => reason);
  expect(whyNotDrawn(error)).toMatch(/^The page/);
  expect((await draw('a', 2, { pdf })).length).toBeGreaterThan(0);
});

test('a page that is not there is told as such', async () => {
  const { draw } = given();
  await expect(draw('a', 3)).rejects.toThrow(NoSuchPageError);
});
