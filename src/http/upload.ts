import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { Request } from 'express';
import { checkPdf } from '../stages/pdf-error.js';
import { firstCodePoints } from '../text.js';

/** @throws {PdfError} for a file that does not begin as a PDF does */
export async function checkIsPdf(path: string): Promise<void> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1_024));
    checkPdf(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** A file name as it may be shown. */
export function displayName(original: string): string {
  const name = cleaned(original);
  const extension = firstCodePoints(extname(name), 10);
  return firstCodePoints(basename(name, extname(name)), MOST_CHARACTERS) + extension || 'document.pdf';
}

/** The name a document was given, as it may be shown, or else its file's. */
export function documentName(given: unknown, filename: string): string {
  const name = typeof given === 'string' ? firstCodePoints(cleaned(given).trim(), MOST_CHARACTERS) : '';
  return name || basename(filename, extname(filename));
}

const MOST_CHARACTERS = 200;

/** A name without folders and hidden characters. */
function cleaned(name: string): string {
  return basename(name.replaceAll('\\', '/').toWellFormed().replace(/\p{C}/gu, ''));
}

/** The id the app gave the request, or the one it came with, where it can be logged as it is; or a new one. */
export function requestIdOf(request: Request & { id?: unknown }): string {
  const { id } = request;
  const given = typeof id === 'number' ? String(id) : id;
  return [given, request.get('x-request-id')].find(isLoggableId) ?? randomUUID();
}

function isLoggableId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w.:-]{1,100}$/.test(id);
}
