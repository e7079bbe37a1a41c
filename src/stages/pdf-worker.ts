import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { packWords, type PageWords } from '../processor/words.js';
import { annotationsOf, NOT_ANNOTATED, type Annotations } from './field-boxes.js';
import type { BoxedWord, LaidOut } from './layout.js';
import { pageLayer } from './page-layer.js';
import { drawColour, drawGray, pictureSize, type ColourPicture } from './pdf-drawing.js';
import { drawnFrame } from './pdf-frame.js';
import { startPdfium, type Pdfium } from './pdf-library.js';
import { mayTake, takeMore, type PdfMemory } from './pdf-memory.js';
import { PictureOpacity } from './picture-opacity.js';
import { pgmOf } from './scan/pgm.js';
import type { Pixels } from './scan/picture.js';
import { prepared, type Prepared } from './scan/prepare.js';
import type { TextLayer } from './text-layer.js';
import type { XfaForm } from './xfa-form.js';

/** What the worker is started with. */
export interface PdfWork {
  pdf: Uint8Array<ArrayBuffer>;
  /** pdfium's WebAssembly module. */
  compiled: object;
  memory: PdfMemory;
}

/** What the worker is asked: pages are counted from 1. */
export type PdfRequest = { ask: 'open' } | PageRequest | PictureRequest;

interface PageRequest {
  ask: 'text' | 'image';
  page: number;
  /** Without form fields and other annotations. */
  plain?: boolean;
}

/** The page as people see it, so many pixels wide. */
interface PictureRequest extends Omit<PageRequest, 'ask'> {
  ask: 'picture';
  width: number;
}

/** The worker ends by itself. */
export interface EndRequest {
  ask: 'end';
}

export interface PageText {
  text: string;
  words: PageWords;
  /** The page holds more than is read of one page. */
  cut: boolean;
  layer: TextLayer;
  /** Text that goes with a picture, over or under it, and is not seen; undefined where there is none. */
  invisible: PlacedText | undefined;
  /** The page only says that it is not the form that the PDF holds as XML, which holds no values. */
  unreadable?: 'xfa_form';
}

/** A text with the places of its words. */
export interface PlacedText {
  text: string;
  words: PageWords;
}

/** The picture of a page, prepared for OCR. */
export interface GrayImage extends Omit<Prepared, 'picture'> {
  width: number;
  height: number;
  /** A header, then one byte a pixel, rows from the top. */
  pgm: Pixels;
  /** The same for pages that are drawn the same, and for no others. */
  hash: string;
}

interface Refused {
  refused: 'encrypted' | 'damaged';
}

/** pdfium is not to be trusted any more: the worker ends, and gives the file back. */
export interface Trapped {
  trapped: 'page' | 'annotations';
  pdf: Uint8Array<ArrayBuffer>;
}

/** Answers come in the order of the requests. */
export type PdfAnswer =
  | { opened: { totalPages: number } }
  | Refused
  | { text: PageText }
  | { image: GrayImage }
  | { picture: Uint8Array<ArrayBuffer> }
  | { failed: true }
  | Trapped;

/** An answer, or that the worker waits for its turn at more memory. */
export type PdfMessage = PdfAnswer | { wants: 'memory' };

/**
 * A page full of fine print holds some 20,000 characters. The model is sent 12,000, but account labels are
 * looked for in all of it; beyond this limit it is no page that a person made.
 */
const MAX_CHARS_PER_PAGE = 200_000;
/** Laying out more characters takes more memory than every thread has for sure. */
const USUAL_CHARS_PER_PAGE = 20_000;
/** Preparing the picture of a larger page takes more memory than every thread has for sure. */
const USUAL_PIXELS = 6_000_000;
/** Writing a larger picture in colour does. */
const USUAL_COLOUR_PIXELS = 2_000_000;

/** More than pdfium's structure of callbacks, of which it is given none. */
const FORM_INFO_BYTES = 256;
const FORM_INFO_VERSION = 2;
const FLATTEN_FOR_DISPLAY = 0;
const FLATTEN_SUCCESS = 1;
const ERROR_PASSWORD = 4;
const ERROR_SECURITY = 5;

interface OpenDocument {
  pdfium: Pdfium;
  handle: number;
  /** pdfium's form handle, made when the first page with annotations comes. */
  form: number;
  totalPages: number;
  opacity: PictureOpacity;
  /** The form that it holds as XML. */
  xfa: XfaForm | undefined;
}

/** pdfium refused something of a page, in good order: its memory can still be trusted, unlike after a trap. */
class PageError extends Error {}

/** pdfium failed on what lies on top of a page; the page below may be sound. */
class AnnotationsError extends Error {}

function open(pdfium: Pdfium, pdf: Uint8Array): OpenDocument | Refused {
  try {
    pdfium._FPDF_InitLibraryWithConfig({});
    const pointer = pdfium.wasmExports.malloc(pdf.length);
    if (pointer === 0) return { refused: 'damaged' };
    pdfium.HEAPU8.set(pdf, pointer);
    const handle = pdfium._FPDF_LoadMemDocument(pointer, pdf.length, 0);
    if (handle !== 0) {
      const totalPages = pdfium._FPDF_GetPageCount(handle);
      return {
        pdfium,
        handle,
        form: 0,
        totalPages,
        opacity: new PictureOpacity(pdfium, handle),
        xfa: undefined,
      };
    }
    const error = pdfium._FPDF_GetLastError();
    return { refused: error === ERROR_PASSWORD || error === ERROR_SECURITY ? 'encrypted' : 'damaged' };
  } catch {
    return { refused: 'damaged' };
  }
}

/** Opens a page and closes it again: pdfium keeps what is not closed. */
function withPage<T>(
  document: OpenDocument,
  page: number,
  annotated: boolean,
  use: (pageHandle: number, annotations: Annotations) => T,
): T {
  const { pdfium } = document;
  let pageHandle = loadPage(document, page);
  let annotations = NOT_ANNOTATED;
  if (annotated && pdfium._FPDFPage_GetAnnotCount(pageHandle) > 0) {
    const flattened = flatten(document, pageHandle);
    annotations = flattened.annotations;
    if (flattened.isChanged) {
      pdfium._FPDF_ClosePage(pageHandle);
      pageHandle = loadPage(document, page);
    }
  }
  try {
    return use(pageHandle, annotations);
  } finally {
    pdfium._FPDF_ClosePage(pageHandle);
  }
}

function loadPage({ pdfium, handle }: OpenDocument, page: number): number {
  const pageHandle = pdfium._FPDF_LoadPage(handle, page - 1);
  if (pageHandle === 0) throw new PageError('pdfium cannot load the page');
  return pageHandle;
}

/**
 * Makes form fields and other annotations part of the page: what people typed into a form is no text of the
 * page otherwise. A page that was changed by that has to be loaded again.
 */
function flatten(
  document: OpenDocument,
  pageHandle: number,
): { isChanged: boolean; annotations: Annotations } {
  const { pdfium } = document;
  try {
    if (document.form === 0) {
      const info = pdfium.wasmExports.malloc(FORM_INFO_BYTES);
      pdfium.HEAPU8.fill(0, info, info + FORM_INFO_BYTES);
      pdfium.HEAPU8[info] = FORM_INFO_VERSION;
      document.form = pdfium._FPDFDOC_InitFormFillEnvironment(document.handle, info);
    }
    // Makes the look of fields that have none yet.
    if (document.form !== 0) pdfium._FORM_OnAfterLoadPage(pageHandle, document.form);
    const annotations = annotationsOf(pdfium, pageHandle, document.form);
    const isChanged = pdfium._FPDFPage_Flatten(pageHandle, FLATTEN_FOR_DISPLAY) === FLATTEN_SUCCESS;
    if (document.form !== 0) pdfium._FORM_OnBeforeClosePage(pageHandle, document.form);
    return { isChanged, annotations };
  } catch {
    throw new AnnotationsError();
  }
}

/** @param mayTakeMore - asked before a page is laid out that takes more memory than usual */
function readText(
  document: OpenDocument,
  page: number,
  annotated: boolean,
  mayTakeMore: () => boolean,
): PageText {
  const { pdfium, opacity } = document;
  const read = withPage(document, page, annotated, (pageHandle, annotations): PageText => {
    const textPage = pdfium._FPDFText_LoadPage(pageHandle);
    if (textPage === 0) throw new PageError('pdfium cannot load the text of the page');
    try {
      const count = pdfium._FPDFText_CountChars(textPage);
      if (count > USUAL_CHARS_PER_PAGE && !mayTakeMore()) throw new PageError('no memory for so long a page');
      const source = { pdfium, page: pageHandle, textPage, annotations, opacity };
      const { layer, invisible, cut, ...seen } = pageLayer(source, Math.min(count, MAX_CHARS_PER_PAGE));
      const frame = drawnFrame(pdfium, pageHandle);
      const placed = (laidOut: Omit<LaidOut<BoxedWord>, 'cut'>): PlacedText => ({
        text: laidOut.text,
        words: packWords(laidOut.words.map(frame)),
      });
      return {
        ...placed(seen),
        cut: cut || count > MAX_CHARS_PER_PAGE,
        layer,
        invisible: invisible && placed(invisible),
      };
    } finally {
      pdfium._FPDFText_ClosePage(textPage);
    }
  });
  return document.xfa?.isNotice(page, read.text) ? formValues(document.xfa, page) : read;
}

/** What stands in the form in place of which a page only says that it is none. */
function formValues(xfa: XfaForm, page: number): PageText {
  const text = xfa.valuesOn(page);
  const words = packWords((text?.match(/\S+/g) ?? []).map(() => null));
  const values = { text: text ?? '', words, cut: false, layer: 'sound', invisible: undefined } as const;
  return text === undefined ? { ...values, unreadable: 'xfa_form' } : values;
}

/** @param mayTakeMore - asked before a picture is prepared that takes more memory than usual */
function readyPicture(
  document: OpenDocument,
  page: number,
  annotated: boolean,
  mayTakeMore: () => boolean,
): GrayImage {
  const drawn = withPage(document, page, annotated, (pageHandle) => drawGray(document.pdfium, pageHandle));
  if (drawn.pixels.length > USUAL_PIXELS && !mayTakeMore())
    throw new PageError('no memory for so large a page');
  // Of what was drawn: pages that lie differently may come out alike.
  const hash = createHash('sha256').update(`${drawn.width} `).update(drawn.pixels).digest('base64');
  const { picture, ...found } = prepared(drawn);
  const { width, height } = picture;
  return { width, height, pgm: pgmOf(picture), hash, ...found };
}

/** @param mayTakeMore - asked before a picture is drawn that takes more memory than usual */
function colourPicture(
  document: OpenDocument,
  { page, width, plain = false }: PictureRequest,
  mayTakeMore: () => boolean,
): ColourPicture {
  const { pdfium } = document;
  return withPage(document, page, !plain, (pageHandle) => {
    const size = pictureSize(pdfium, pageHandle, width);
    if (size.width * size.height > USUAL_COLOUR_PIXELS && !mayTakeMore())
      throw new PageError('no memory for so large a picture');
    return drawColour(pdfium, pageHandle, size);
  });
}

async function serve({ pdf, compiled, memory }: PdfWork): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('pdfium needs a thread of its own');
  const askForMore = (): void => port.postMessage({ wants: 'memory' } satisfies PdfMessage);
  const takesLong = (): boolean => takeMore(memory, askForMore);
  const pdfium = await startPdfium(compiled, (bytes) => mayTake(memory, bytes, askForMore));
  const document = open(pdfium, pdf);
  if (!('refused' in document) && pdfium._FPDF_GetXFAPacketCount(document.handle) > 0) {
    // Few documents need it, and it takes as long to load as all the rest here.
    const { XfaForm } = await import('./xfa-form.js');
    document.xfa = new XfaForm(pdfium, document.handle);
  }

  async function answer(request: PdfRequest): Promise<PdfAnswer> {
    if ('refused' in document) return document;
    if (request.ask === 'open') return { opened: { totalPages: document.totalPages } };
    const { ask, page, plain = false } = request;
    try {
      if (ask === 'picture') {
        // Reading needs none of it.
        const { pngOf } = await import('./png.js');
        return { picture: pngOf(colourPicture(document, request, takesLong)) };
      }
      return ask === 'text'
        ? { text: readText(document, page, !plain, takesLong) }
        : { image: readyPicture(document, page, !plain, takesLong) };
    } catch (error) {
      if (error instanceof PageError) return { failed: true };
      return { trapped: !plain && error instanceof AnnotationsError ? 'annotations' : 'page', pdf };
    }
  }

  port.on('message', (request: PdfRequest | EndRequest) => {
    if (request.ask === 'end') {
      port.close();
      return;
    }
    void answer(request).then((message) => {
      port.postMessage(message, transferred(message));
      if ('trapped' in message) port.close();
    });
  });
}

function transferred(answer: PdfAnswer): ArrayBuffer[] {
  if ('image' in answer) return [answer.image.pgm.buffer];
  if ('picture' in answer) return [answer.picture.buffer];
  return 'trapped' in answer ? [answer.pdf.buffer] : [];
}

await serve(workerData as PdfWork);
