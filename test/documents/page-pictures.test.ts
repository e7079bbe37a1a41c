import { describe, expect, test } from '@jest/globals';
import { PagePictures } from '../../src/documents/page-pictures.js';
import { PdfError, type PdfErrorCode } from '../../src/stages/pdf-error.js';
import type { AskedPage } from '../../src/stages/page-drawer.js';
import { ManualClock } from '../manual-clock.js';

/** Pictures of pages: drawn once for all who ask, kept for a while, and forgotten. */

const never = new AbortController().signal;
const BOUNDS = { bytes: 100, ms: 60_000 };

/** A drawer that draws when it is told to. */
function given() {
  const clock = new ManualClock();
  const drawn: string[] = [];
  const begun: ((bytes: number) => void)[] = [];
  const asks: { begin: () => void; signal: AbortSignal }[] = [];
  const drawer = {
    draw: ({ document, page }: AskedPage, signal: AbortSignal, onBegin: () => void) =>
      new Promise<Uint8Array>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        const begin = () => {
          onBegin();
          drawn.push(`${document} ${page}`);
          begun.push((bytes) => resolve(new Uint8Array(bytes)));
        };
        asks.push({ begin, signal });
      }),
    forget: () => undefined,
    close: () => Promise.resolve(),
  };
  const pictures = new PagePictures(drawer, clock, BOUNDS);
  const asked = (page: number, document = 'a'): AskedPage => ({
    document,
    load: () => Promise.resolve(new Uint8Array()),
    party: { owner: 'anna', document },
    page,
    width: 480,
  });
  const draw = async (page: number, bytes: number, document?: string) => {
    const picture = pictures.picture(asked(page, document), never);
    if (asks.length > 0) {
      asks.shift()?.begin();
      begun.shift()?.(bytes);
    }
    return picture;
  };
  return { clock, pictures, drawn, asks, begun, asked, draw };
}

describe('a picture', () => {
  test('is drawn once for all who ask at the same time', async () => {
    const { pictures, asked, asks, begun, drawn } = given();
    const both = [pictures.picture(asked(1), never), pictures.picture(asked(1), never)];
    asks.shift()?.begin();
    begun.shift()?.(10);
    const [one, other] = await Promise.all(both);
    expect(one).toBe(other);
    expect(drawn).toEqual(['a 1']);
  });

  test('is kept for a while, and then drawn anew', async () => {
    const { clock, pictures, draw, drawn } = given();
    await draw(1, 10);
    clock.moveOn(BOUNDS.ms - 1);
    await draw(1, 10);
    expect(drawn).toEqual(['a 1']);
    clock.moveOn(1);
    await draw(1, 10);
    expect(drawn).toEqual(['a 1', 'a 1']);
    expect(pictures.bytes).toBe(10);
  });

  test('gives way to others when all would be too large, the one nobody asked for longest first', async () => {
    const { pictures, draw, drawn } = given();
    await draw(1, 40);
    await draw(2, 40);
    await draw(1, 40);
    await draw(3, 40);
    expect(pictures.bytes).toBe(80);
    await draw(1, 40);
    await draw(2, 40);
    expect(drawn).toEqual(['a 1', 'a 2', 'a 3', 'a 2']);
  });

  test.each<[PdfErrorCode, string, number]>([
    ['encrypted', 'for good', 1],
    ['time_limit', 'for now', 2],
    ['damaged', 'for now', 2],
  ])('that is refused as %s is refused %s', async (code, _how, tries) => {
    const clock = new ManualClock();
    let tried = 0;
    const draw = () => Promise.reject(new PdfError(code, `${++tried}`));
    const drawer = { draw, forget: () => undefined, close: () => Promise.resolve() };
    const pictures = new PagePictures(drawer, clock, { ...BOUNDS, bytes: 1_000 });
    const { asked } = given();
    await pictures.picture(asked(1), never);
    await pictures.picture(asked(1), never);
    expect(tried).toBe(1);
    clock.moveOn(10_000);
    expect(await pictures.picture(asked(1), never)).toHaveProperty('undrawable');
    expect(tried).toBe(tries);
  });

  test('is forgotten with its document, and not with another', async () => {
    const { pictures, draw } = given();
    await draw(1, 40);
    await draw(1, 20, 'b');
    pictures.forget('a');
    expect(pictures.bytes).toBe(20);
  });

  test('is not kept when its document is forgotten while it is drawn', async () => {
    const { pictures, asked, asks, begun } = given();
    const picture = pictures.picture(asked(1), never);
    asks.shift()?.begin();
    pictures.forget('a');
    begun.shift()?.(10);
    await picture;
    expect(pictures.bytes).toBe(0);
  });

  test('is not drawn when nobody waits for it any more', async () => {
    const { pictures, asked, asks, draw, drawn } = given();
    const gone = new AbortController();
    const picture = pictures.picture(asked(1), gone.signal);
    gone.abort(new Error('gone'));
    await expect(picture).rejects.toThrow('gone');
    expect(asks.shift()?.signal.aborted).toBe(true);
    await draw(1, 10);
    expect(drawn).toEqual(['a 1']);
  });

  test('that is being drawn is kept, although nobody waits any more', async () => {
    const { pictures, asked, asks, begun } = given();
    const gone = new AbortController();
    const picture = pictures.picture(asked(1), gone.signal);
    asks[0]?.begin();
    gone.abort(new Error('gone'));
    await expect(picture).rejects.toThrow('gone');
    expect(asks[0]?.signal.aborted).toBe(false);
    begun.shift()?.(10);
    await pictures.picture(asked(1), never);
    expect(pictures.bytes).toBe(10);
  });
});
