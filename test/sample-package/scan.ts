import type { Picture } from '../../src/stages/scan/picture.js';

/** A picture for a PDF in 16 shades of gray, in the one packing of PDF that needs no library. */
export function pictureOf(document: PDFKit.PDFDocument, { width, height, pixels }: Picture) {
  const rowBytes = Math.ceil(width / 2);
  const shades = Buffer.alloc(rowBytes * height, 0xff);
  for (let row = 0; row < height; row++) {
    for (let at = 0; at < rowBytes; at++) {
      const pixel = row * width + at * 2;
      const second = at * 2 + 1 < width ? (pixels[pixel + 1] ?? 255) : 255;
      shades[row * rowBytes + at] = ((pixels[pixel] ?? 255) & 0xf0) | (second >> 4);
    }
  }
  const picture = document.ref({
    Type: 'XObject',
    Subtype: 'Image',
    Width: width,
    Height: height,
    ColorSpace: 'DeviceGray',
    BitsPerComponent: 4,
    Filter: 'RunLengthDecode',
  });
  picture.end(runLengths(shades));
  return picture;
}

const LONGEST = 128;
const END = 128;

/** RunLengthDecode: a length and as many bytes, or 257 less a length and the byte to repeat. */
function runLengths(bytes: Buffer): Buffer {
  const out: number[] = [];
  const runAt = (start: number): number => {
    let end = start + 1;
    while (end < bytes.length && end - start < LONGEST && bytes[end] === bytes[start]) end++;
    return end - start;
  };
  let at = 0;
  while (at < bytes.length) {
    const run = runAt(at);
    if (run > 2) {
      out.push(257 - run, bytes[at] ?? 0);
      at += run;
      continue;
    }
    let end = at;
    while (end < bytes.length && end - at < LONGEST && runAt(end) <= 2) end++;
    out.push(end - at - 1, ...bytes.subarray(at, end));
    at = end;
  }
  out.push(END);
  return Buffer.from(out);
}
