import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import { knownHosts } from '../../src/http/known-hosts.js';
import { Host } from '../host.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { newDatabase } from '../shared.js';
import { RawUpload, until } from './routes-host.js';

/** The server of `npx quire` against what others try on it. */

let host: Host;
let port: number;
beforeAll(async () => {
  host = new Host({ DATABASE_URL: await newDatabase(), ALLOWED_HOSTS: 'quire.example' });
  await host.start();
  port = Number(new URL(host.base).port);
});
afterAll(async () => {
  expect(await host.stop()).toBe(0);
});

function statusFor(name: string, path: string, to = port): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { host: name, origin: `http://${name}` };
    get({ host: '127.0.0.1', port: to, path, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });
}

test.each([
  ...['/', '/assets/app.js', '/api/about', '/api/documents', '/status/a'].map((path) => [path, 200] as const),
  // Without a token, these are for this machine alone.
  ...['/metrics', '/readyz', '/api/shadow', '/ops/metrics', '/ops/documents'].map(
    (path) => [path, 401] as const,
  ),
])('a name that somebody’s DNS leads here is not answered: %s', async (path, known) => {
  expect(await statusFor('evil.example', path)).toBe(421);
  expect(await statusFor('127.0.0.1', path)).toBe(200);
  expect(await statusFor('quire.example', path)).toBe(known);
});

test('uploads that never end keep nobody else’s out, be they without cookies', async () => {
  const pdf = await makePdf([{ texts: lines('ACCOUNT NUMBER: 12345678') }]);
  const drips = Array.from({ length: 55 }, () => new RawUpload(port, 1_000_000));
  await until(() => drips.filter(({ answer }) => answer.startsWith('HTTP/1.1 429')).length === 5);
  const { code, id } = await host.upload(pdf);
  expect(code).toBe(200);
  expect((await host.finished(id)).status).toBe('completed');
  for (const drip of drips) drip.hangUp();
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
  const withoutCookie = async () => (await fetch(`${host.base}/process`, { method: 'POST', body })).status;
  while ((await withoutCookie()) !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
});

test('a download that is broken off leaves no trace', async () => {
  const pdf = await makePdf([{ texts: lines('ACCOUNT NUMBER: 12345678') }]);
  const { id } = await host.upload(Buffer.concat([pdf, Buffer.alloc(12_000_000, '%')]));
  await host.finished(id);
  const before = host.log;
  for (let round = 0; round < 5; round++) {
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET /api/document/${id}/pdf HTTP/1.1\r\nHost: localhost\r\nCookie: ${host.cookie}\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
  }
  expect((await host.fetch(`/api/document/${id}`)).status).toBe(200);
  expect(host.log.slice(before.length)).toBe('');
});

describe('the names a server is known by', () => {
  const app = express().use(knownHosts(['Quire.example', '[fd00::1]']), (_request, response) => {
    response.json({});
  });
  const server = createServer(app);
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => void server.close());

  test.each([
    ['localhost', 200],
    ['LOCALHOST:3000', 200],
    ['localhost.', 200],
    ['quire.localhost', 200],
    ['127.0.0.1:8080', 200],
    ['127.9.9.9', 200],
    ['[::1]', 200],
    ['[::1]:3000', 200],
    ['quire.example', 200],
    ['QUIRE.EXAMPLE.:443', 200],
    ['[fd00::1]:3000', 200],
    ['evil.example', 421],
    ['evil.example:3000', 421],
    ['localhost.evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['evil-quire.example', 421],
    ['evil.quire.example', 421],
    ['192.0.2.1', 421],
    ['0.0.0.0', 421],
    ['[::2]', 421],
    ['localhost@evil.example', 421],
    ['evil.example/localhost', 421],
    ['localhost:80:80', 421],
    ['localhost, evil.example', 421],
    ['localhost..', 421],
  ])('%j: %d', async (name, status) => {
    const { port: to } = server.address() as AddressInfo;
    expect(await statusFor(name, '/', to)).toBe(status);
  });
});
