import { jest } from '@jest/globals';
import Tesseract from 'tesseract.js';

/** Stands in for OCR in no time: how a page is read is told by the test, which counts the pages. */
export class OcrDouble {
  readonly #spy;
  /** Pictures that were given to OCR. */
  pictures = 0;

  /** @param read gives the word that stands on the n-th picture, from 1 */
  constructor(read: (picture: number) => Promise<string>, confidence = 90) {
    const recognize = async () => {
      const text = await read(++this.pictures);
      const bbox = { x0: 100, y0: 100, x1: 300, y1: 140 };
      const line = {
        words: [{ text, confidence, bbox }],
        baseline: { ...bbox, y0: 140 },
        bbox,
        rowAttributes: { rowHeight: 40 },
      };
      return { data: { blocks: [{ paragraphs: [{ lines: [line] }] }] } };
    };
    const worker = {
      setParameters: () => Promise.resolve(),
      terminate: () => Promise.resolve(),
      recognize,
    };
    this.#spy = jest
      .spyOn(Tesseract, 'createWorker')
      .mockResolvedValue(worker as unknown as Tesseract.Worker);
  }

  restore(): void {
    this.#spy.mockRestore();
  }
}
