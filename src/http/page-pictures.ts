import express, { type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { PageWordsAnswer, WordOnPage } from '../api/page-words.js';
import type { PagePictures } from '../documents/page-pictures.js';
import type { Logger } from '../logger.js';
import type { PageWord } from '../processor/words.js';
import { NoSuchPageError } from '../stages/page-drawer.js';
import { JsonText } from '../store/json-text.js';
import type { Store } from '../store/store.js';
import { wholePdf } from '../store/whole-pdf.js';
import type { Access } from './access.js';
import { answeringErrors, notFound, refuse, RETRY_AFTER_S } from './answers.js';
import { notKept } from './not-kept.js';
import { sendJson } from './sending.js';

export interface PagePicturesRoutes {
  /** The store, once it is open. */
  opened: () => Promise<{ store: Store }>;
  access: Access;
  pictures: PagePictures;
  /** Milliseconds until who waits is told to come back. */
  patienceMs?: number;
  logger: Logger;
}

/** Pixels that a picture may be wide: few, so that who looks at a page finds what was drawn for another. */
const WIDTHS = [480, 800, 1_200, 1_800, 2_400] as const;
const USUAL_WIDTH = 1_200;
const PATIENCE_MS = 20_000;

const pageNumber = z
  .string()
  .regex(/^[1-9]\d{0,5}$/)
  .transform(Number);
const pictureQuery = z.object({
  width: z
    .string()
    .regex(/^\d{1,6}$/)
    .transform(Number)
    .default(USUAL_WIDTH),
});

/** What people see of a document's pages: their pictures, and where each word stands. */
export function pagePicturesRouter({
  opened,
  access,
  pictures,
  patienceMs = PATIENCE_MS,
  logger,
}: PagePicturesRoutes): RequestHandler {
  const router = express.Router();
  /** The page that somebody may see; undefined where they were answered. */
  const pageAsked = async (request: Request<{ id: string; number: string }>, response: Response) => {
    const { store } = await opened();
    const { id, number } = request.params;
    const granted = await access.toRead(request, id, store);
    const page = pageNumber.safeParse(number);
    if (granted && page.success) return { store, id, page: page.data, sender: granted.sender };
    if (granted) noSuchPage(response);
    else notFound(response);
    return undefined;
  };

  router.get('/api/document/:id/page/:number/picture', notKept, async (request, response) => {
    const wanted = await pageAsked(request, response);
    if (!wanted) return;
    const { store, id, page, sender } = wanted;
    const query = pictureQuery.safeParse(request.query);
    if (!query.success) return refuse(response, 400, 'width must be a number of pixels');
    // Who has gone by now is told to nobody any more.
    if (response.closed) return;
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('The client is gone.')));
    const late = AbortSignal.timeout(patienceMs);
    const asked = {
      document: id,
      load: () => pdfOf(store, id),
      party: { owner: sender.fairAs ?? sender.owner, document: id },
      page,
      width: drawnWidth(query.data.width),
    };
    try {
      const picture = await pictures.picture(asked, AbortSignal.any([gone.signal, late]));
      if ('missing' in picture) return noSuchPage(response);
      if ('undrawable' in picture) return refuse(response, 422, picture.undrawable);
      response.set({ 'Content-Type': 'image/png', 'X-Content-Type-Options': 'nosniff' });
      response.send(Buffer.from(picture.png.buffer, picture.png.byteOffset, picture.png.byteLength));
    } catch (error) {
      if (gone.signal.aborted) return;
      if (!late.aborted) throw error;
      response.set('Retry-After', String(RETRY_AFTER_S));
      refuse(response, 503, 'Other pages are being drawn; try again soon');
    }
  });

  router.get('/api/document/:id/page/:number/words', notKept, async (request, response) => {
    const wanted = await pageAsked(request, response);
    if (!wanted) return;
    const { store, id, page } = wanted;
    const words: PageWordsAnswer['words'] = (await store.pageWords(id, page)).flatMap(onPage);
    // A page may have 20,000 of them.
    await sendJson(response, { success: true, words: new JsonText(JSON.stringify(words)) });
  });

  return answeringErrors(router, logger);
}

/** @throws {NoSuchPageError} when the document was deleted while its pictures were waited for */
async function pdfOf(store: Store, id: string): Promise<Uint8Array> {
  const pdf = await wholePdf(store, id);
  if (pdf.length === 0) throw new NoSuchPageError('The document is gone.');
  return pdf;
}

function noSuchPage(response: Response): void {
  refuse(response, 404, 'The document has no such page');
}

/** As wide as asked for, or wider by a step. */
function drawnWidth(wanted: number): number {
  return WIDTHS.find((width) => width >= wanted) ?? WIDTHS[WIDTHS.length - 1] ?? USUAL_WIDTH;
}

/** Only what is drawn can be shown. */
function onPage({ text, box }: PageWord): WordOnPage[] {
  return box ? [{ text, box: [box.left, box.top, box.right, box.bottom] }] : [];
}
