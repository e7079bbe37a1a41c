import { parentPort, workerData } from 'node:worker_threads';
import { PDFiumModule } from '@hyzyla/pdfium';
import { layOutChars, type PlacedChar } from './layout.js';

/** What the worker is started with. */
export interface PdfWork {
  pdf: Uint8Array;
  /** pdfium's WebAssembly module. */
  compiled: object;
}

/** What the worker is asked: pages are counted from 1. */
export type PdfRequest = { ask: 'open' } | { ask: 'text'; page: number } | { ask: 'image'; page: number };

export interface PageText {
  text: string;
  /** The page holds more characters than are read of one page. */
  cut: boolean;
}

/** A gray picture, one byte a pixel, rows from the top. */
export interface GrayImage {
  width: number;
  height: number;
  pixels: Uint8Array<ArrayBuffer>;
}

interface Refused {
  refused: 'encrypted' | 'damaged';
}

/** Answers come in the order of the requests. */
export type PdfAnswer =
  { opened: { totalPages: number } } | Refused | { text: PageText } | { image: GrayImage } | { failed: true };

/**
 * A page full of fine print holds some 20,000 characters. The model is sent 12,000, but account labels are
 * looked for in all of it; beyond this limit it is no page that a person made.
 */
const MAX_CHARS_PER_PAGE = 200_000;
/** 216 dpi, what OCR reads best for its time. */
const OCR_SCALE = 3;
/** A3 at 216 dpi is 9 million pixels. */
const MAX_PIXELS = 16_000_000;
/** Tesseract refuses longer sides. */
const MAX_SIDE = 32_000;

/** The largest pages scanned in colour take some 300 MB. */
const MAX_MEMORY = 768 * 1_024 * 1_024;

/** Two doubles (the origin), four floats (the box), six floats (the matrix). */
const SCRATCH_BYTES = 56;

/** More than pdfium's structure of callbacks, of which it is given none. */
const FORM_INFO_BYTES = 256;
const FORM_INFO_VERSION = 2;
const FLATTEN_FOR_DISPLAY = 0;
const FLATTEN_SUCCESS = 1;
const RENDER_ANNOTATIONS = 0x01;
const RENDER_GRAYSCALE = 0x08;
const BITMAP_GRAY = 1;
const ERROR_PASSWORD = 4;
const ERROR_SECURITY = 5;

/** The functions of pdfium used here; its typings leave most of them out. Handles and pointers are numbers, 0 is none. */
interface Pdfium {
  wasmExports: { malloc(size: number): number; free(pointer: number): void };
  HEAPU8: Uint8Array;
  _FPDF_InitLibraryWithConfig(config: object): void;
  _FPDF_LoadMemDocument(pointer: number, size: number, password: number): number;
  _FPDF_GetLastError(): number;
  _FPDF_GetPageCount(document: number): number;
  _FPDF_LoadPage(document: number, index: number): number;
  _FPDF_ClosePage(page: number): void;
  _FPDF_GetPageWidthF(page: number): number;
  _FPDF_GetPageHeightF(page: number): number;
  _FPDFPage_GetAnnotCount(page: number): number;
  _FPDFPage_Flatten(page: number, purpose: number): number;
  _FPDFDOC_InitFormFillEnvironment(document: number, info: number): number;
  _FORM_OnAfterLoadPage(page: number, form: number): void;
  _FORM_OnBeforeClosePage(page: number, form: number): void;
  _FPDFText_LoadPage(page: number): number;
  _FPDFText_ClosePage(textPage: number): void;
  _FPDFText_CountChars(textPage: number): number;
  _FPDFText_GetUnicode(textPage: number, index: number): number;
  _FPDFText_IsGenerated(textPage: number, index: number): number;
  _FPDFText_IsHyphen(textPage: number, index: number): number;
  _FPDFText_GetTextObject(textPage: number, index: number): number;
  _FPDFText_GetFontSize(textPage: number, index: number): number;
  _FPDFText_GetMatrix(textPage: number, index: number, matrix: number): number;
  _FPDFText_GetCharOrigin(textPage: number, index: number, x: number, y: number): number;
  _FPDFText_GetLooseCharBox(textPage: number, index: number, box: number): number;
  _FPDFBitmap_CreateEx(width: number, height: number, format: number, pixels: number, stride: number): number;
  _FPDFBitmap_FillRect(
    bitmap: number,
    left: number,
    top: number,
    width: number,
    height: number,
    color: number,
  ): void;
  _FPDFBitmap_Destroy(bitmap: number): void;
  _FPDF_RenderPageBitmap(
    bitmap: number,
    page: number,
    left: number,
    top: number,
    width: number,
    height: number,
    rotate: number,
    flags: number,
  ): void;
}

interface OpenDocument {
  pdfium: Pdfium;
  handle: number;
  /** pdfium's form handle, made when the first page with annotations comes. */
  form: number;
  totalPages: number;
}

/** pdfium refused something of a page, in good order: its memory can still be trusted, unlike after a trap. */
class PageError extends Error {}

/** pdfium failed on what lies on top of a page; the page below may be sound. */
class AnnotationsError extends Error {}

/** The part of the WebAssembly API used here: without the DOM's typings Node's TypeScript does not know it. */
declare const WebAssembly: {
  instantiate(module: object, imports: WasmImports): Promise<object>;
};

interface WasmImports {
  env: { emscripten_resize_heap: (bytes: number) => boolean | number };
}

interface PdfiumOptions {
  print(): void;
  printErr(): void;
  instantiateWasm(imports: WasmImports, receive: (instance: object, module: object) => void): object;
}

/** pdfium with a memory of its own that cannot grow without bounds: when it is full, the page fails. */
async function startPdfium(compiled: object): Promise<Pdfium> {
  const load = PDFiumModule as unknown as (options: PdfiumOptions) => Promise<Pdfium>;
  return new Promise((resolve, reject) => {
    const silent = (): void => undefined;
    load({
      print: silent,
      printErr: silent,
      instantiateWasm(imports, receive) {
        const grow = imports.env.emscripten_resize_heap;
        const env = {
          ...imports.env,
          emscripten_resize_heap: (bytes: number) => bytes >>> 0 <= MAX_MEMORY && grow(bytes),
        };
        WebAssembly.instantiate(compiled, { ...imports, env }).then(
          (instance) => receive(instance, compiled),
          reject,
        );
        return {};
      },
    }).then(resolve, reject);
  });
}

function open(pdfium: Pdfium, pdf: Uint8Array): OpenDocument | Refused {
  try {
    pdfium._FPDF_InitLibraryWithConfig({});
    const pointer = pdfium.wasmExports.malloc(pdf.length);
    if (pointer === 0) return { refused: 'damaged' };
    pdfium.HEAPU8.set(pdf, pointer);
    const handle = pdfium._FPDF_LoadMemDocument(pointer, pdf.length, 0);
    if (handle !== 0) return { pdfium, handle, form: 0, totalPages: pdfium._FPDF_GetPageCount(handle) };
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
  use: (pageHandle: number) => T,
): T {
  const { pdfium } = document;
  let pageHandle = loadPage(document, page);
  if (annotated && pdfium._FPDFPage_GetAnnotCount(pageHandle) > 0 && flatten(document, pageHandle)) {
    pdfium._FPDF_ClosePage(pageHandle);
    pageHandle = loadPage(document, page);
  }
  try {
    return use(pageHandle);
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
 * page otherwise. True when that changed the page, which then has to be loaded again.
 */
function flatten(document: OpenDocument, pageHandle: number): boolean {
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
    const flattened = pdfium._FPDFPage_Flatten(pageHandle, FLATTEN_FOR_DISPLAY) === FLATTEN_SUCCESS;
    if (document.form !== 0) pdfium._FORM_OnBeforeClosePage(pageHandle, document.form);
    return flattened;
  } catch {
    throw new AnnotationsError();
  }
}

function readText(document: OpenDocument, page: number, annotated: boolean): PageText {
  const { pdfium } = document;
  return withPage(document, page, annotated, (pageHandle) => {
    const textPage = pdfium._FPDFText_LoadPage(pageHandle);
    if (textPage === 0) throw new PageError('pdfium cannot load the text of the page');
    try {
      const count = pdfium._FPDFText_CountChars(textPage);
      const chars = placedChars(pdfium, textPage, Math.min(count, MAX_CHARS_PER_PAGE));
      return { text: layOutChars(chars), cut: count > MAX_CHARS_PER_PAGE };
    } finally {
      pdfium._FPDFText_ClosePage(textPage);
    }
  });
}

function placedChars(pdfium: Pdfium, textPage: number, count: number): PlacedChar[] {
  const scratch = pdfium.wasmExports.malloc(SCRATCH_BYTES);
  const chars: PlacedChar[] = [];
  let view = new DataView(pdfium.HEAPU8.buffer, scratch, SCRATCH_BYTES);
  let size = 1;
  let angle = 0;
  let textObject = 0;
  for (let index = 0; index < count; index++) {
    const text = charText(pdfium, textPage, index);
    if (text === '') continue;
    const ofObject = pdfium._FPDFText_GetTextObject(textPage, index);
    pdfium._FPDFText_GetCharOrigin(textPage, index, scratch, scratch + 8);
    pdfium._FPDFText_GetLooseCharBox(textPage, index, scratch + 16);
    const isNewObject = ofObject !== 0 && ofObject !== textObject;
    if (isNewObject) pdfium._FPDFText_GetMatrix(textPage, index, scratch + 32);
    // The memory is replaced when it grows.
    if (view.buffer !== pdfium.HEAPU8.buffer)
      view = new DataView(pdfium.HEAPU8.buffer, scratch, SCRATCH_BYTES);
    if (isNewObject) {
      textObject = ofObject;
      // The font's own size is often 1, the matrix (a, b, c, d, ...) holding the rest.
      const scale = Math.hypot(view.getFloat32(40, true), view.getFloat32(44, true));
      size = Math.abs(pdfium._FPDFText_GetFontSize(textPage, index)) * scale;
      angle = Math.atan2(view.getFloat32(36, true), view.getFloat32(32, true));
    }
    const char = {
      text,
      originX: view.getFloat64(0, true),
      originY: view.getFloat64(8, true),
      left: view.getFloat32(16, true),
      top: view.getFloat32(20, true),
      right: view.getFloat32(24, true),
      bottom: view.getFloat32(28, true),
      size,
      angle,
    };
    const sum = char.originX + char.originY + char.left + char.top + char.right + char.bottom + size + angle;
    if (Number.isFinite(sum)) chars.push(char);
  }
  pdfium.wasmExports.free(scratch);
  return chars;
}

/** The character to keep, '' for what is no text: controls, halves of surrogate pairs, invisible marks. */
function charText(pdfium: Pdfium, textPage: number, index: number): string {
  const unit = pdfium._FPDFText_GetUnicode(textPage, index);
  if (pdfium._FPDFText_IsGenerated(textPage, index) === 1)
    return unit === 0x0a ? '\n' : unit === 0x0d ? '' : ' ';
  if (pdfium._FPDFText_IsHyphen(textPage, index) === 1) return '-';
  if (unit >= 0xdc00 && unit <= 0xdfff) return '';
  if (unit >= 0xd800 && unit <= 0xdbff) {
    const low = pdfium._FPDFText_GetUnicode(textPage, index + 1);
    return low >= 0xdc00 && low <= 0xdfff ? String.fromCharCode(unit, low) : '';
  }
  if (unit > 0x10ffff) return '';
  const text = String.fromCodePoint(unit);
  if (/^[\t\n\v\f\r\u0085]$/.test(text)) return ' ';
  return /^[\p{Cc}\p{Cf}\p{Cn}]$/u.test(text) ? '' : text;
}

function renderGray(document: OpenDocument, page: number, annotated: boolean): GrayImage {
  const { pdfium } = document;
  return withPage(document, page, annotated, (pageHandle) => {
    const pageWidth = Math.max(pdfium._FPDF_GetPageWidthF(pageHandle), 1);
    const pageHeight = Math.max(pdfium._FPDF_GetPageHeightF(pageHandle), 1);
    const scale = Math.min(
      OCR_SCALE,
      Math.sqrt(MAX_PIXELS / pageWidth / pageHeight),
      MAX_SIDE / Math.max(pageWidth, pageHeight),
    );
    const width = Math.max(Math.round(pageWidth * scale), 1);
    const height = Math.max(Math.round(pageHeight * scale), 1);
    const pointer = pdfium.wasmExports.malloc(width * height);
    if (pointer === 0) throw new Error('no memory for the picture of the page');
    try {
      const bitmap = pdfium._FPDFBitmap_CreateEx(width, height, BITMAP_GRAY, pointer, width);
      if (bitmap === 0) throw new Error('pdfium cannot make a bitmap');
      pdfium._FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xffffffff);
      const flags = RENDER_ANNOTATIONS | RENDER_GRAYSCALE;
      pdfium._FPDF_RenderPageBitmap(bitmap, pageHandle, 0, 0, width, height, 0, flags);
      pdfium._FPDFBitmap_Destroy(bitmap);
      return {
        width,
        height,
        pixels: new Uint8Array(pdfium.HEAPU8.subarray(pointer, pointer + width * height)),
      };
    } finally {
      pdfium.wasmExports.free(pointer);
    }
  });
}

async function serve({ pdf, compiled }: PdfWork): Promise<void> {
  let document = open(await startPdfium(compiled), pdf);

  async function answer(request: PdfRequest, annotated = true): Promise<PdfAnswer> {
    if ('refused' in document) return document;
    if (request.ask === 'open') return { opened: { totalPages: document.totalPages } };
    try {
      return request.ask === 'text'
        ? { text: readText(document, request.page, annotated) }
        : { image: renderGray(document, request.page, annotated) };
    } catch (error) {
      if (error instanceof PageError) return { failed: true };
      // After a trap nothing in pdfium's memory can be trusted: the other pages get a fresh pdfium.
      document = await reopen();
      return annotated && error instanceof AnnotationsError ? answer(request, false) : { failed: true };
    }
  }

  async function reopen(): Promise<OpenDocument | Refused> {
    try {
      return open(await startPdfium(compiled), pdf);
    } catch {
      // pdfium itself has started before: the file has used up the memory.
      return { refused: 'damaged' };
    }
  }

  let answered = Promise.resolve();
  parentPort?.on('message', (request: PdfRequest) => {
    answered = answered.then(async () => {
      const message = await answer(request);
      parentPort?.postMessage(message, 'image' in message ? [message.image.pixels.buffer] : []);
    });
  });
}

await serve(workerData as PdfWork);
