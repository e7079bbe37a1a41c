import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { Documents } from '../../src/documents/documents.js';
import { Access } from '../../src/http/access.js';
import { ArrivingUploads } from '../../src/http/arriving.js';
import { documentsRouter, type DocumentsRoutes } from '../../src/http/documents.js';
import { Senders, type Identity } from '../../src/http/sender.js';
import { UploadFolder } from '../../src/http/upload-folder.js';
import type { Logger, Store } from '../../src/index.js';
import { ManualClock } from '../manual-clock.js';
import { newFolder } from '../shared.js';

/** The routes of documents in an app, without anything behind them: uploads are taken and forgotten. */
export interface RoutesHost {
  base: string;
  port: number;
  clock: ManualClock;
  /** Sizes of the files that were accepted. */
  accepted: number[];
  /** Names they were accepted under. */
  names: string[];
  /** Places that are taken. */
  places: () => number;
  /** Files that are there of uploads. */
  files: () => string[];
  /** What is there of them so far. */
  sizes: () => number[];
  refused: string[];
  logged: string[];
  /** Errors that reached the app. */
  errors: unknown[];
  close: () => Promise<void>;
}

/** What differs from the usual. */
export interface GivenRoutes extends Partial<Pick<DocumentsRoutes, 'allowOrigins' | 'maxMegabytes'>> {
  bounds?: { inAll: number; perOwner: number };
  documents?: object;
  store?: object;
  set?: (app: Express) => void;
  anonymous?: (user: string) => boolean;
}

export async function routesHost(given: GivenRoutes = {}): Promise<RoutesHost> {
  const dataDir = await newFolder();
  const clock = new ManualClock();
  const logged: string[] = [];
  const log = (_fields: object, message: string) => void logged.push(message);
  const logger: Logger = { info: log, warn: log, error: log };
  const [accepted, names, refused, errors]: [number[], string[], string[], unknown[]] = [[], [], [], []];
  let places = 0;
  const documents = {
    reserve: () => {
      places++;
      return () => places--;
    },
    accept: ({ path, documentName }: { path: string; documentName: string }) => {
      accepted.push(readFileSync(path).length);
      names.push(documentName);
      return Promise.resolve({ id: 'taken', plan: { path: 'single-page' } });
    },
    delete: () => Promise.resolve(true),
    retry: () => Promise.resolve('started'),
    ...given.documents,
  } as unknown as Documents;
  const identify = ({ headers }: { headers: Record<string, unknown> }): Identity => {
    const userId = typeof headers['x-user'] === 'string' ? headers['x-user'] : 'anna';
    return { userId, anonymous: given.anonymous?.(userId) };
  };
  const uploadFolder = new UploadFolder(dataDir, logger);
  const senders = new Senders(identify, false, logger);
  const whose = { owner: 'user:anna', sender: {}, name: 'a', uploadedAt: '2026-01-01T00:00:00.000Z' };
  const store = { whose: () => Promise.resolve(whose), ...given.store } as unknown as Store;
  const router = documentsRouter({
    opened: () => Promise.resolve({ documents, store }),
    uploadFolder,
    arriving: new ArrivingUploads(given.bounds ?? { inAll: 10, perOwner: 5 }),
    senders,
    access: new Access(senders, { mayRead: undefined, mayCorrect: undefined }, logger),
    allowOrigins: given.allowOrigins ?? [],
    maxMegabytes: given.maxMegabytes ?? 1,
    onRefused: (reason) => void refused.push(reason),
    logger,
    clock,
  });
  const app = express();
  given.set?.(app);
  const told: ErrorRequestHandler = (error, _request, _response, next) => {
    errors.push(error);
    next(error);
  };
  app.use(router, told);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const files = () =>
    readdirSync(dataDir)
      .filter((name) => name.startsWith('uploads-'))
      .flatMap((folder) => readdirSync(join(dataDir, folder)).map((name) => join(dataDir, folder, name)))
      .filter((path) => basename(path) !== 'lock');
  return {
    base: `http://127.0.0.1:${port}`,
    port,
    clock,
    accepted,
    names,
    places: () => places,
    files,
    sizes: () => files().map((path) => statSync(path).size),
    refused,
    logged,
    errors,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await uploadFolder.close();
    },
  };
}

/** Waits for what comes by itself. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const head = (field: string) =>
  `--b\r\nContent-Disposition: form-data; name="${field}"; filename="a.pdf"\r\n\r\n%PDF-1.7 `;
const TAIL = '\r\n--b--\r\n';

/** An upload on a connection of its own, as slow and as broken as a test likes. */
export class RawUpload {
  readonly #socket: Socket;
  /** What was answered. */
  answer = '';
  isClosed = false;
  /** Whether the connection was cut rather than closed. */
  isCut = false;

  /**
   * @param bytes of the file, as it is announced
   * @param field its name in the form
   */
  constructor(
    port: number,
    private readonly bytes: number | 'chunked',
    headers: Record<string, string> = {},
    field = 'file',
  ) {
    const length =
      bytes === 'chunked'
        ? 'Transfer-Encoding: chunked'
        : `Content-Length: ${head(field).length + bytes + TAIL.length}`;
    const others = Object.entries({ host: 'localhost', ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk: Buffer) => (this.answer += chunk.toString()));
    this.#socket.on('error', () => (this.isCut = true));
    this.#socket.once('close', () => (this.isClosed = true));
    const lines = [
      'POST /process HTTP/1.1',
      'Content-Type: multipart/form-data; boundary=b',
      length,
      ...others,
    ];
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    this.#send(head(field));
  }

  /** @returns whether there is room for more right now */
  send(bytes: number): boolean {
    return this.#send('x'.repeat(bytes));
  }

  end(): void {
    this.#send(TAIL);
    if (this.bytes === 'chunked') this.#socket.write('0\r\n\r\n');
  }

  hangUp(): void {
    this.#socket.destroy();
  }

  /** Bytes that went out. */
  get sent(): number {
    return this.#socket.bytesWritten;
  }

  async answered(): Promise<{ status: number; head: string; message: string }> {
    await until(() => /\r\n\r\n.*\}/s.test(this.answer) || this.isClosed);
    const [head = '', body = '{}'] = this.answer.split('\r\n\r\n');
    const { message } = JSON.parse(body.replace(/^[^{]*|[^}]*$/g, '')) as { message: string };
    return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head, message };
  }

  #send(text: string): boolean {
    if (this.bytes !== 'chunked') return this.#socket.write(text);
    return this.#socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);
  }
}
