import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { crc32, deflateSync } from 'node:zlib';
import { Worker } from 'node:worker_threads';
import type PdfKit from 'pdfkit';
import { drawGray } from '../src/stages/pdf-drawing.js';
import { startPdfium } from '../src/stages/pdf-library.js';
import { compiledPdfium } from '../src/stages/pdfium.js';
import { pdfMemory } from '../src/stages/pdf-memory.js';
import type { PageText, PdfAnswer, PdfWork } from '../src/stages/pdf-worker.js';
import type { Picture } from '../src/stages/scan/picture.js';
import { seeded } from './random.js';

// As CommonJS: the ES modules below pdfkit lie in a folder `src`, which jest.config.ts maps to the build.
const PDFDocument = createRequire(import.meta.url)('pdfkit') as typeof PdfKit;

/** A text on a page: its top left corner in points from the page's top left corner. */
export interface Placed {
  text: string;
  x: number;
  y: number;
  size?: number;
  /** Degrees clockwise, as pdfkit turns. */
  turned?: number;
}

export interface FixturePage {
  texts?: Placed[];
  /** A PNG that fills the page, under the texts. */
  scan?: Buffer;
  /** Degrees clockwise that the picture is laid down with. */
  scanTurned?: 0 | -90;
  /** The page's /Rotate. */
  rotate?: number;
}

/** A PDF of Letter pages. */
export async function makePdf(
  pages: FixturePage[],
  options: PDFKit.PDFDocumentOptions = {},
): Promise<Buffer> {
  const document = new PDFDocument({ autoFirstPage: false, size: 'LETTER', margin: 0, ...options });
  const chunks: Buffer[] = [];
  document.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const { texts = [], scan, scanTurned = 0, rotate } of pages) {
    document.addPage();
    if (rotate !== undefined) Object.assign(document.page.dictionary.data, { Rotate: rotate });
    if (scan) layDown(document, scan, scanTurned);
    for (const { text, x, y, size = 10, turned = 0 } of texts) {
      document.save().rotate(turned, { origin: [x, y] });
      document.fontSize(size).text(text, x, y, { lineBreak: false });
      document.restore();
    }
  }
  const ended = once(document, 'end');
  document.end();
  await ended;
  return Buffer.concat(chunks);
}

function layDown(document: PDFKit.PDFDocument, scan: Buffer, turned: 0 | -90): void {
  const { width, height } = document.page;
  if (turned === 0) {
    document.image(scan, 0, 0, { width, height });
    return;
  }
  document.save().rotate(turned, { origin: [0, 0] });
  document.image(scan, -height, 0, { width: height, height: width }).restore();
}

/** Lines of text, one below the other. */
export function lines(...texts: string[]): Placed[] {
  return texts.map((text, row) => ({ text, x: 60, y: 60 + row * 24, size: 12 }));
}

/** How wide pdfkit draws a text, in points. */
export function widthOf(text: string, size: number): number {
  return new PDFDocument().fontSize(size).widthOfString(text);
}

/** A PNG of a page with these texts, as a scanner would make it: nothing in it is text. */
export async function scanOf(texts: Placed[]): Promise<Buffer> {
  return grayPng(await drawn(await makePdf([{ texts }])));
}

/** A page of a PDF as pdfium draws it. */
export async function drawn(pdf: Uint8Array, page = 1, dpi = 216): Promise<Picture> {
  const pdfium = await startPdfium(await compiledPdfium(), () => true);
  pdfium._FPDF_InitLibraryWithConfig({});
  const pointer = pdfium.wasmExports.malloc(pdf.length);
  pdfium.HEAPU8.set(pdf, pointer);
  const document = pdfium._FPDF_LoadMemDocument(pointer, pdf.length, 0);
  // With its form fields.
  pdfium._FPDFPage_Flatten(pdfium._FPDF_LoadPage(document, page - 1), 0);
  const handle = pdfium._FPDF_LoadPage(document, page - 1);
  if (handle === 0) throw new Error('the fixture could not be drawn');
  return drawGray(pdfium, handle, dpi / 72);
}

/** The text layer of a page of a PDF, as the worker reads it. */
export async function layerOf(pdf: Uint8Array, page = 1): Promise<PageText> {
  const worker = new Worker(new URL('../dist/stages/pdf-worker.js', import.meta.url), {
    workerData: {
      pdf: new Uint8Array(pdf),
      compiled: await compiledPdfium(),
      memory: pdfMemory({ usualMb: 500, moreMb: 0 }, 0),
    } satisfies PdfWork,
  });
  worker.postMessage({ ask: 'text', page });
  const [answer] = (await once(worker, 'message')) as [PdfAnswer];
  await worker.terminate();
  if (!('text' in answer)) throw new Error('the text of the fixture could not be read');
  return answer.text;
}

/** A PDF with the picture of a page and nothing else. */
export function scanPdf(picture: Picture): Promise<Buffer> {
  const layout = picture.width > picture.height ? 'landscape' : 'portrait';
  return makePdf([{ scan: grayPng(picture) }], { layout });
}

function grayPng({ width, height, pixels }: Picture): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const rows = Buffer.alloc((width + 1) * height);
  for (let row = 0; row < height; row++) {
    rows.set(pixels.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

export interface RawPage {
  /** The content stream; Helvetica is /F1. */
  content: string;
  mediaBox?: [number, number, number, number];
  /** More entries of the page's fonts. */
  fonts?: string;
  /** More entries of the page's resources. */
  resources?: string;
  /** More entries of the page's dictionary. */
  extra?: string;
}

/** Lines that nobody sees, so many that a page with little text counts as drawn, not written. */
export const DRAWN = `1 G ${'0 0 m 1 1 l S '.repeat(100)} 0 G `;
/** A white picture on the whole page. */
export const WHITE_PICTURE = 'q 612 0 0 792 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \xff EI Q ';

/** A PDF from content streams. A page given as `null` is named in the page tree, but is not in the file. */
export function rawPdf(pages: (RawPage | null)[], objects: string[] = []): Buffer {
  const numbers = pages.map((_, index) => 4 + index * 2);
  const parts: (Buffer | string)[][] = [
    ['<< /Type /Catalog /Pages 2 0 R >>'],
    [
      `<< /Type /Pages /Count ${pages.length} /Kids [${numbers.map((number) => `${number} 0 R`).join(' ')}] >>`,
    ],
    ['<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'],
  ];
  for (const [index, page] of pages.entries()) {
    const {
      content,
      mediaBox = [0, 0, 612, 792],
      fonts = '',
      resources = '',
      extra = '',
    } = page ?? { content: '' };
    const stream = deflateSync(Buffer.from(content, 'latin1'), { level: 9 });
    const number = 4 + index * 2;
    parts[number - 1] = page
      ? [
          `<< /Type /Page /Parent 2 0 R /MediaBox [${mediaBox.join(' ')}] /Contents ${number + 1} 0 R ` +
            `/Resources << /Font << /F1 3 0 R ${fonts} >> ${resources} >> ${extra} >>`,
        ]
      : ['null'];
    parts[number] = [`<< /Length ${stream.length} /Filter /FlateDecode >>\nstream\n`, stream, '\nendstream'];
  }
  parts.push(...objects.map((object) => [object]));
  let pdf = Buffer.from('%PDF-1.7\n');
  const offsets: number[] = [];
  for (const [index, part] of parts.entries()) {
    offsets.push(pdf.length);
    pdf = Buffer.concat([
      pdf,
      Buffer.from(`${index + 1} 0 obj\n`),
      ...part.map((piece) => Buffer.from(piece as string)),
      Buffer.from('\nendobj\n'),
    ]);
  }
  const entries = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  return Buffer.concat([
    pdf,
    Buffer.from(
      `xref\n0 ${parts.length + 1}\n0000000000 65535 f \n${entries}` +
        `trailer\n<< /Size ${parts.length + 1} /Root 1 0 R >>\nstartxref\n${pdf.length}\n%%EOF\n`,
    ),
  ]);
}

/** A small PDF of pages without text that all show one picture, full of strokes: OCR takes long over each. */
export function noisyScans(pages: number): Buffer {
  const [width, height] = [400, 520];
  const random = seeded(7);
  const pixels = Buffer.alloc(width * height, 255);
  for (let stroke = 0; stroke < 9_000; stroke++) {
    const at = Math.floor(random() * (height - 5)) * width + Math.floor(random() * (width - 4));
    const step = random() < 0.5 ? width : 1;
    for (let pixel = 0; pixel < 4; pixel++) pixels[at + pixel * step] = 0;
  }
  const data = `${deflateSync(pixels).toString('hex')}>`;
  const picture =
    `<< /Type /XObject /Subtype /Image /Width ${width} /Height ${height} /ColorSpace /DeviceGray ` +
    `/BitsPerComponent 8 /Filter [/ASCIIHexDecode /FlateDecode] /Length ${data.length} >>\n` +
    `stream\n${data}\nendstream`;
  const page: RawPage = {
    content: 'q 1400 0 0 1200 0 0 cm /X Do Q',
    mediaBox: [0, 0, 1_400, 1_200],
    resources: `/XObject << /X ${4 + 2 * pages} 0 R >>`,
  };
  return rawPdf(
    Array.from({ length: pages }, () => page),
    [picture],
  );
}

/** A small PDF with `operators` text operators on its one page. */
export function textBomb(operators: number): Buffer {
  return rawPdf([{ content: `BT /F1 8 Tf 50 50 Td ${'(Quire) Tj '.repeat(operators)} ET` }]);
}

/** A page with a form that calls itself twice: pdfium takes all the memory it gets. Other pages follow. */
export function memoryBomb(pages: RawPage[] = []): Buffer {
  const twice = '/X Do /X Do';
  const form = `${6 + 2 * pages.length} 0 R`;
  const resources = `/XObject << /X ${form} >>`;
  return rawPdf(
    [{ content: '/X Do', resources }, ...pages],
    [
      `<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << ${resources} >> ` +
        `/Length ${twice.length} >>\nstream\n${twice}\nendstream`,
    ],
  );
}
