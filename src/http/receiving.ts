import type { FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { PassThrough, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request } from 'express';
import multer, { MulterError, type Options } from 'multer';
import type { Clock } from '../clock.js';
import { RefusedError } from './refusals.js';

/** What came with an upload beside the bytes of its file. */
export interface ReceivedForm {
  /** As it was sent. */
  filename: string;
  documentName: unknown;
}

export interface ReceivingLimits {
  /** The largest file, in megabytes of 1,048,576 bytes. */
  maxMegabytes: number;
  clock: Clock;
}

/** Thrown for an upload whose sender hung up. */
class HungUpError extends Error {
  override readonly name = 'HungUpError';
}

const MEGABYTE = 1024 * 1024;
/** What a form may hold beside its file. */
const REST_BYTES = MEGABYTE;
/** An upload that brings less than 8 kB a second over so long is ended. */
const PACE_MS = 30_000;
const LEAST_BYTES = (8_000 * PACE_MS) / 1_000;

/**
 * Receives the form of an upload, and its file into a file of ours. One file a request is read.
 *
 * @throws {RefusedError} `too_large`, `slow`, `bad_form`, as soon as that is known: the rest is not read
 */
export async function receiveForm(
  request: IncomingMessage,
  file: FileHandle,
  { maxMegabytes, clock }: ReceivingLimits,
): Promise<ReceivedForm> {
  const tooLarge = () => new RefusedError('too_large', 413, `The file is larger than ${maxMegabytes} MB`);
  const fileBytes = maxMegabytes * MEGABYTE;
  const mostBytes = fileBytes + REST_BYTES;
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) throw tooLarge();
  if (request.destroyed) throw new HungUpError();
  // multer reads what it is given to the end even when it refuses it, so the request itself is kept from it.
  const form = Object.assign(new PassThrough(), { headers: request.headers });
  let bytes = 0;
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mostBytes) form.destroy(tooLarge());
  };
  const hungUp = () => {
    if (!request.readableEnded) form.destroy(new HungUpError());
  };
  const arrived = new AbortController();
  const end = () => arrived.abort();
  request.on('data', count).once('close', hungUp).once('end', end);
  slowdown(() => bytes, clock, arrived.signal).then(
    () => form.destroy(new RefusedError('slow', 408, 'The upload came too slowly')),
    () => undefined,
  );
  request.pipe(form);
  try {
    return await parsedForm(form, file, { fileBytes, tooLarge });
  } catch (error) {
    throw form.errored ?? error;
  } finally {
    end();
    request.off('data', count).off('close', hungUp).off('end', end).unpipe(form);
    form.destroy();
  }
}

/** Resolves when too little has come for a while. */
async function slowdown(bytes: () => number, clock: Clock, signal: AbortSignal): Promise<void> {
  let before: number;
  do {
    before = bytes();
    await clock.sleep(PACE_MS, signal);
  } while (bytes() - before >= LEAST_BYTES);
}

function parsedForm(
  form: PassThrough,
  file: FileHandle,
  { fileBytes, tooLarge }: { fileBytes: number; tooLarge: () => RefusedError },
): Promise<ReceivedForm> {
  let filename: string | undefined;
  let isUnnamed = false;
  const options: Options & { streamHandler: (form: unknown, busboy: Writable) => void } = {
    storage: {
      _handleFile(_form, { stream }, done) {
        stream.once('limit', () => form.destroy(tooLarge()));
        pipeline(stream, file.createWriteStream()).then(() => done(null), done);
      },
      // The file is its opener's to remove.
      _removeFile: (_form, _file, done) => done(null),
    },
    limits: { fileSize: fileBytes, files: 20, fields: 100, fieldSize: 100_000, fieldNestingDepth: 0 },
    defParamCharset: 'utf8',
    fileFilter: (_form, { fieldname, originalname }, accept) => {
      const isTaken = fieldname === 'file' && filename === undefined;
      if (isTaken) filename = originalname;
      accept(null, isTaken);
    },
    // multer itself passes a file without a name over in silence, and clients know its message.
    streamHandler(_form, busboy) {
      busboy.on('file', (field: string, _stream: unknown, about: { filename?: string }) => {
        isUnnamed ||= field === 'file' && !about.filename;
      });
      // multer has given the form up, and would wait for its end.
      busboy.once('unpipe', () => form.readableEnded || form.destroy());
      form.pipe(busboy);
    },
  };
  return new Promise((resolve, reject) => {
    multer(options).any()(form as unknown as Request, undefined as never, (error: unknown) => {
      if (error !== undefined) {
        reject(isBrokenForm(error) ? badForm('The upload form cannot be read') : (error as Error));
      } else if (filename === undefined) {
        reject(badForm(isUnnamed ? 'No file selected' : 'No file provided'));
      } else {
        const { body } = form as { body?: { document_name?: unknown } };
        resolve({ filename, documentName: body?.document_name });
      }
    });
  });
}

function badForm(message: string): RefusedError {
  return new RefusedError('bad_form', 400, message);
}

/** busboy's own errors (a form that breaks off, a missing boundary) are plain ones. */
function isBrokenForm(error: unknown): boolean {
  return (
    error instanceof MulterError ||
    (error instanceof Error &&
      /multipart|boundary|unexpected end of form|malformed part/i.test(error.message))
  );
}
