import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type RequestHandler } from 'express';
import type { Quire, RouterOptions } from '../src/index.js';
import { streamed } from './event-stream.js';

/** An app with the routes and the pages in it, whose users are known by a cookie. */
export interface PagesHost {
  origin: string;
  /** Where the pages are, with a slash at the end. */
  base: string;
  close: () => Promise<void>;
}

/**
 * Starts it.
 *
 * @param mount a path that begins with a slash
 * @param before what the app has before its routes
 */
export async function pagesHost(
  quire: Quire,
  {
    mount = '/',
    before = [],
    ...options
  }: { mount?: string; before?: readonly RequestHandler[] } & Omit<RouterOptions, 'identify'> = {},
): Promise<PagesHost> {
  const app: Express = express();
  for (const handler of before) app.use(handler);
  const identify: RouterOptions['identify'] = (request) => {
    const userId = userOf(request);
    return { userId, displayName: userId.charAt(0).toUpperCase() + userId.slice(1) };
  };
  app.use(mount, quire.router({ identify, ...options }), quire.pages());
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = originOf(server.address());
  return {
    origin,
    base: `${origin}${mount.replace(/\/?$/, '/')}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Uploads a document, and waits until it is read.
 *
 * @returns its id
 */
export async function readBy({ base }: PagesHost, pdf: Uint8Array, name: string): Promise<string> {
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), name);
  const response = await fetch(`${base}process`, { method: 'POST', body });
  const { job_id: id } = (await response.json()) as { job_id: string };
  await streamed(`${base}api/document/${id}/events`);
  return id;
}

/** Who sends a request, by its cookie; `anna` for none. */
export function userOf({ headers }: { headers: { cookie?: string | undefined } }): string {
  return /(?:^|; )user=([^;]+)/.exec(headers.cookie ?? '')?.[1] ?? 'anna';
}

/** A proxy that takes the first part of each path away before it passes the request on. */
export async function strippingProxy(
  to: string,
  prefix: string,
): Promise<{ origin: string; close: () => Promise<void> }> {
  const server = createServer((incoming, response) => {
    if (!incoming.url?.startsWith(prefix)) {
      response.writeHead(404).end();
      return;
    }
    const { method, headers } = incoming;
    const path = incoming.url.slice(prefix.length) || '/';
    const passed = ask(new URL(path, to), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.once('error', () => response.destroy());
    response.once('close', () => passed.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: originOf(server.address()),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function originOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return `http://127.0.0.1:${address.port}`;
}
