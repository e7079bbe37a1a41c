import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { basename, extname } from 'node:path';
import type { Writable } from 'node:stream';
import type { Request, RequestHandler } from 'express';
import multer, { type Options } from 'multer';
import { checkPdf } from '../stages/pdf-error.js';
import { firstCodePoints } from '../text.js';

/** Requests with a file field that names no file: the form was sent with none selected. */
export const sentUnnamedFile = new WeakSet<IncomingMessage>();

/** Requests of which a file is being received. */
const sentFile = new WeakSet<IncomingMessage>();

/** Receives the file of a request, and leaves it to the next handler to remove it. */
export function fileReceiver(uploadDir: string, maxMegabytes: number): RequestHandler {
  const options: Options & { streamHandler: (request: IncomingMessage, busboy: Writable) => void } = {
    // On disk, under a name of multer's own: what arrives takes no memory, and no name leads out of the folder.
    storage: multer.diskStorage({
      destination: (_request, _file, done) => {
        mkdirSync(uploadDir, { recursive: true, mode: 0o700 });
        done(null, uploadDir);
      },
    }),
    limits: {
      fileSize: maxMegabytes * 1024 * 1024,
      files: 20,
      fields: 100,
      fieldSize: 100_000,
      fieldNestingDepth: 0,
    },
    defParamCharset: 'utf8',
    fileFilter: (request, { fieldname }, accept) => {
      // One file a request is read, so no more is written to the disk.
      accept(null, fieldname === 'file' && !sentFile.has(request));
      if (fieldname === 'file') sentFile.add(request);
    },
    // multer itself passes such a file over in silence, and clients know its message.
    streamHandler(request, busboy) {
      busboy.on('file', (field: string, _stream: unknown, { filename }: { filename?: string }) => {
        if (field === 'file' && !filename) sentUnnamedFile.add(request);
      });
      request.pipe(busboy);
    },
  };
  const receive = multer(options).any();
  return (request, response, next) => {
    // multer lets requests pass that are no multipart forms.
    request.files = [];
    receive(request, response, next);
  };
}

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

/** A file name as it may be shown: without folders and hidden characters, and not endless. */
export function displayName(original: string): string {
  const name = basename(original.replaceAll('\\', '/').toWellFormed().replace(/\p{C}/gu, ''));
  const extension = firstCodePoints(extname(name), 10);
  return firstCodePoints(basename(name, extname(name)), 200) + extension || 'document.pdf';
}

export function documentName(body: unknown, filename: string): string {
  const given = (body as { document_name?: unknown } | undefined)?.document_name;
  const name = typeof given === 'string' ? firstCodePoints(given.toWellFormed().trim(), 200) : '';
  return name || basename(filename, extname(filename));
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
