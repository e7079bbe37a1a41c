import type { Pdfium } from './pdf-library.js';

/** A few bytes of pdfium's memory, in which it answers more than one number at a time. */
export class Scratch {
  readonly at: number;
  readonly #pdfium: Pdfium;
  readonly #bytes: number;
  #view: DataView;

  constructor(pdfium: Pdfium, bytes: number) {
    this.#pdfium = pdfium;
    this.#bytes = bytes;
    this.at = pdfium.wasmExports.malloc(bytes);
    this.#view = new DataView(pdfium.HEAPU8.buffer, this.at, bytes);
  }

  /** The 32-bit float at a place among floats. */
  float(index: number): number {
    return this.#current().getFloat32(index * 4, true);
  }

  double(index: number): number {
    return this.#current().getFloat64(index * 8, true);
  }

  whole(index: number): number {
    return this.#current().getUint32(index * 4, true);
  }

  bytes(count: number): Uint8Array {
    return this.#pdfium.HEAPU8.subarray(this.at, this.at + Math.min(count, this.#bytes));
  }

  free(): void {
    this.#pdfium.wasmExports.free(this.at);
  }

  /** The memory is replaced when it grows. */
  #current(): DataView {
    const { buffer } = this.#pdfium.HEAPU8;
    if (this.#view.buffer !== buffer) this.#view = new DataView(buffer, this.at, this.#bytes);
    return this.#view;
  }
}
