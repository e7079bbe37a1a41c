import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import express from 'express';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Senders } from '../../src/http/sender.js';
import { createQuire, type HostRequest, type Quire, type RouterOptions } from '../../src/index.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { newDataFolder } from '../shared.js';
import { SILENT } from '../silent.js';

/** Whose documents are whose, by what an app's login leaves on a request or its `identify` says. */

let quire: Quire;
let pdf: Uint8Array;
let server: Server | undefined;
const warnings: string[] = [];
beforeAll(async () => {
  pdf = Uint8Array.from(await makePdf([{ texts: lines('ACCOUNT NUMBER: 12345678') }]));
  const warn = (fields: object, message: string) =>
    void warnings.push(JSON.stringify({ ...fields, message }));
  const settings = { QUIRE_DATA_DIR: await newDataFolder() };
  quire = await createQuire({ settings, logger: { info: () => undefined, error: warn, warn } });
});
afterAll(() => quire.close());
beforeEach(() => void (warnings.length = 0));
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

interface App {
  /** What login middleware leaves behind for the person named in a header. */
  user?: (name: string) => unknown;
  session?: (name: string) => string;
  options?: RouterOptions;
}

async function listen({ user, session, options }: App): Promise<string> {
  const app = express();
  app.use((request, _response, next) => {
    const name = nameOf(request);
    Object.assign(request, {
      ...(user && { user: user(name) }),
      ...(session && { sessionID: session(name) }),
    });
    next();
  });
  app.use(quire.router(options));
  server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function nameOf(request: HostRequest): string {
  return request.get('x-name') ?? '';
}

async function upload(base: string, name: string): Promise<{ code: number; id: string | undefined }> {
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), 'package.pdf');
  const answer = await fetch(`${base}/process`, { method: 'POST', body, headers: { 'x-name': name } });
  const { job_id: id } = (await answer.json()) as { job_id?: string };
  return { code: answer.status, id };
}

async function sees(base: string, name: string, id: string | undefined): Promise<number> {
  return (await fetch(`${base}/api/document/${id}`, { headers: { 'x-name': name } })).status;
}

/** As an ObjectId of MongoDB, where it has `toHexString`. */
class Hex {
  constructor(readonly name: string) {}
  toHexString(): string {
    return Buffer.from(this.name.padEnd(12)).toString('hex');
  }
}

const numberOf = (name: string) => 1 + name.charCodeAt(0);

describe('each person sees the documents that are theirs alone', () => {
  test.each<[string, App]>([
    ['req.user.id as text', { user: (name) => ({ id: name }) }],
    ['req.user.id as a number', { user: (name) => ({ id: numberOf(name) }) }],
    ['req.user.id 0', { user: (name) => ({ id: numberOf(name) - numberOf('a') }) }],
    ['req.user.id as a bigint', { user: (name) => ({ id: BigInt(numberOf(name)) }) }],
    ['req.user.id as an ObjectId', { user: (name) => ({ id: new Hex(name) }) }],
    ['req.user.sub', { user: (name) => ({ sub: name }) }],
    ['req.user._id', { user: (name) => ({ _id: new Hex(name) }) }],
    ['req.user.id that is null beside sub', { user: (name) => ({ id: null, sub: name }) }],
    ['req.sessionID', { session: (name) => `session of ${name}` }],
    ['identify', { options: { identify: (request) => ({ userId: nameOf(request) }) } }],
    [
      'identify that is asynchronous',
      { options: { identify: (request) => Promise.resolve({ owner: nameOf(request) }) } },
    ],
    [
      'identify with an ObjectId',
      { options: { identify: (request) => ({ owner: new Hex(nameOf(request)) }) } },
    ],
  ])('%s', async (_name, app) => {
    const base = await listen(app);
    const [a, b] = [await upload(base, 'a'), await upload(base, 'b')];
    expect([a.code, b.code]).toEqual([200, 200]);
    expect([await sees(base, 'a', a.id), await sees(base, 'b', b.id)]).toEqual([200, 200]);
    expect([await sees(base, 'a', b.id), await sees(base, 'b', a.id)]).toEqual([404, 404]);
    expect(warnings).toEqual([]);
  });
});

describe('who has no usable id is refused, and that is told once, without the value', () => {
  const owner = (value: unknown): App => ({ options: { identify: () => ({ owner: value as string }) } });
  test.each<[string, App, RegExp]>([
    ['req.user.id NaN', { user: () => ({ id: NaN }) }, /req\.user\.id.*not finite/],
    ['req.user.id too large to be exact', { user: () => ({ id: 2 ** 60 }) }, /too large/],
    ['req.user.id an object', { user: (name) => ({ id: { name } }) }, /req\.user\.id.*an object/],
    ['req.user.id empty beside sub', { user: (name) => ({ id: '', sub: name }) }, /empty text/],
    ['req.user without any id', { user: (name) => ({ email: name }) }, /without id, sub, _id/],
    ['req.user that is text', { user: (name) => name }, /a string without id/],
    ['req.user without id beside a session', { user: () => ({}), session: (name) => name }, /without id/],
    ['owner null', owner(null), /owner.*null/],
    ['owner empty', owner(''), /empty text/],
    ['owner of blanks', owner('  '), /empty text/],
    ['owner a promise', owner(Promise.resolve('a')), /an object/],
    ['owner true', owner(true), /a boolean/],
    ['owner with NUL', owner('a\0'), /NUL/],
    ['owner with half of a surrogate pair', owner('\ud800'), /surrogate/],
    ['owner whose toHexString gives nothing', owner({ toHexString: () => undefined }), /owner/],
    ['identify that returns nothing', { options: { identify: () => undefined as never } }, /undefined/],
    ['identify that returns text', { options: { identify: () => 'a' as never } }, /a string/],
    ['nobody', {}, /names nobody/],
    ['identify that names nobody', { options: { identify: () => ({}) } }, /names nobody/],
  ])('%s', async (_name, app, message) => {
    const base = await listen(app);
    expect((await upload(base, 'a')).code).toBe(401);
    for (const path of ['/api/documents', '/api/costs', '/status/any', '/api/document/any/pdf']) {
      expect((await fetch(base + path, { headers: { 'x-name': 'b' } })).status).toBe(401);
    }
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(message);
    expect(warnings[0]).toMatch(/identify/);
  });

  test('identify that fails: 500, without its message', async () => {
    const identify = () => {
      throw new Error('secret');
    };
    const base = await listen({ options: { identify } });
    expect((await upload(base, 'a')).code).toBe(500);
    expect(await sees(base, 'a', 'any')).toBe(500);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toContain('secret');
  });
});

test('1 and "1" have one key, so an app that gives both is refused the second', async () => {
  const base = await listen({ user: (name) => ({ id: name === 'a' ? 1 : '1' }) });
  const { id } = await upload(base, 'a');
  expect(await sees(base, 'a', id)).toBe(200);
  expect(await sees(base, 'b', id)).toBe(401);
  expect((await upload(base, 'b')).code).toBe(401);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/text, where it was a number before/);
});

test('properties that flags cannot use are left out, and nobody is refused for them', async () => {
  const properties = { branch: 'north', age: 3, since: new Date(), big: 1n } as never;
  const base = await listen({
    options: { identify: (request) => ({ userId: nameOf(request), properties }) },
  });
  expect((await upload(base, 'a')).code).toBe(200);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/properties/);
});

test('a name that others see is cut between characters', async () => {
  const named = (displayName: string) =>
    new Senders(() => ({ userId: 'a', displayName }), false, SILENT).of({
      headers: {},
    } as unknown as HostRequest);
  expect((await named(`${'x'.repeat(99)}😀😀`)).displayName).toBe(`${'x'.repeat(99)}😀`);
  expect((await named('\ud800\0')).displayName).toBe('\ufffd');
});

test('requests that name nobody share their documents only where the app allows it', async () => {
  const base = await listen({ options: { allowAnonymous: true } });
  const { code, id } = await upload(base, 'a');
  expect(code).toBe(200);
  expect(await sees(base, 'b', id)).toBe(200);
});

test('where nobody is allowed, a user without a usable id is refused all the same', async () => {
  const base = await listen({ user: () => ({ email: 'a' }), options: { allowAnonymous: true } });
  expect((await upload(base, 'a')).code).toBe(401);
});

test("paths that are not Quire's go on to the app, whoever asks", async () => {
  const base = await listen({});
  expect((await fetch(`${base}/other`)).status).toBe(404);
  expect(warnings).toEqual([]);
});

test('documents kept before are found again under the same keys', async () => {
  const base = await listen({ user: (name) => ({ id: name }), session: () => 'any' });
  const { id } = await upload(base, 'k');
  server?.closeAllConnections();
  server?.close();
  const again = await listen({ options: { identify: () => ({ userId: 'k' }) } });
  expect(await sees(again, '', id)).toBe(200);
  server?.closeAllConnections();
  server?.close();
  const owner = await listen({ options: { identify: () => ({ owner: 'k' }) } });
  expect(await sees(owner, '', id)).toBe(404);
});
