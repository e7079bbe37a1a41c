/** Why a file could not be read as a PDF. */
export type PdfErrorCode =
  'empty' | 'not_a_pdf' | 'encrypted' | 'damaged' | 'too_many_pages' | 'time_limit' | 'no_pages';

/**
 * A file that cannot be read. The message is one sentence for the person who uploaded it and holds nothing of
 * the file's content; `code` is for programs.
 */
export class PdfError extends Error {
  override readonly name = 'PdfError';

  constructor(
    readonly code: PdfErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** Readers of PDF accept a header after some leading bytes, as old mail gateways put them there. */
const HEADER_WITHIN = 1_024;

/**
 * Refuses, at no cost, what is no PDF at all.
 *
 * @throws {PdfError} `empty` for no bytes, `not_a_pdf` without `%PDF-` in the first 1,024.
 */
export function checkPdf(file: Uint8Array): void {
  if (file.length === 0) throw new PdfError('empty', 'The file is empty.');
  const head = String.fromCharCode(...file.subarray(0, HEADER_WITHIN));
  if (!head.includes('%PDF-')) throw new PdfError('not_a_pdf', 'The file is not a PDF.');
}
