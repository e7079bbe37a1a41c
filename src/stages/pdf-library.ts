import { PDFiumModule } from '@hyzyla/pdfium';

/** Emscripten takes up to a fifth more than is asked for, so that it grows less often. */
const OVERGROWTH = 1.2;

/** The functions of pdfium used here; its typings leave most of them out. Handles and pointers are numbers, 0 is none. */
export interface Pdfium {
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
  _FPDF_DeviceToPage(
    page: number,
    left: number,
    top: number,
    width: number,
    height: number,
    rotate: number,
    deviceX: number,
    deviceY: number,
    pageX: number,
    pageY: number,
  ): number;
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

/**
 * pdfium with a memory of its own.
 *
 * @param mayTake - asked before the memory grows to so many bytes; without them, pdfium fails
 */
export async function startPdfium(compiled: object, mayTake: (bytes: number) => boolean): Promise<Pdfium> {
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
          emscripten_resize_heap: (bytes: number) => mayTake((bytes >>> 0) * OVERGROWTH) && grow(bytes),
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
