import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { NotTakenError } from '../../src/documents/documents.js';
import { logRefusals } from '../../src/http/refusals.js';
import { ManualClock } from '../manual-clock.js';
import { newFolder } from '../shared.js';
import { RawUpload, routesHost, until, type GivenRoutes, type RoutesHost } from './routes-host.js';

/** Uploads while they arrive: how many, how fast, how large, and what is told to those that are turned away. */

let host: RoutesHost;
const uploads: RawUpload[] = [];
afterEach(async () => {
  for (const upload of uploads.splice(0)) upload.hangUp();
  await host.close();
});

async function start(options: GivenRoutes = {}): Promise<void> {
  host = await routesHost(options);
}

function begin(user: string, bytes: number | 'chunked' = 100_000): RawUpload {
  const upload = new RawUpload(host.port, bytes, { 'x-user': user });
  uploads.push(upload);
  return upload;
}

/** Uploads that have begun to arrive and go on for ever. */
async function drip(user: string, count: number): Promise<RawUpload[]> {
  const before = host.files().length;
  const drips = Array.from({ length: count }, () => begin(user));
  await until(() => host.files().length === before + count);
  return drips;
}

async function post(
  user: string,
  bytes = 100,
): Promise<{ status: number; retryAfter: string | null; message: string }> {
  const body = new FormData();
  body.set('file', new Blob(['%PDF-1.7 ', 'x'.repeat(bytes)]), 'a.pdf');
  const response = await fetch(`${host.base}/process`, { method: 'POST', body, headers: { 'x-user': user } });
  const { message } = (await response.json()) as { message: string };
  return { status: response.status, retryAfter: response.headers.get('retry-after'), message };
}

describe('uploads that are arriving', () => {
  test('take no place of those that are read, and nobody else’s', async () => {
    await start({ bounds: { inAll: 10, perOwner: 4 } });
    await drip('mallory', 4);
    expect(host.places()).toBe(0);
    expect((await post('ada')).status).toBe(200);
    expect(host.accepted).toHaveLength(1);
    expect(host.places()).toBe(0);
  });

  test('are bounded by owner', async () => {
    await start({ bounds: { inAll: 10, perOwner: 2 } });
    await drip('mallory', 2);
    expect(await post('mallory')).toEqual({
      status: 429,
      retryAfter: '5',
      message: 'Too many of your uploads are arriving; try again soon',
    });
    expect((await post('ada')).status).toBe(200);
    expect(host.refused).toEqual(['owner_arriving']);
  });

  test('are bounded in all', async () => {
    await start({ bounds: { inAll: 3, perOwner: 2 } });
    await drip('mallory', 2);
    await drip('trudy', 1);
    expect(await post('ada')).toEqual({
      status: 503,
      retryAfter: '5',
      message: 'Too many uploads are arriving; try again soon',
    });
    expect(host.refused).toEqual(['arriving']);
  });

  test('count as those of their address where nobody has signed in and no session was brought', async () => {
    await start({ bounds: { inAll: 10, perOwner: 2 }, anonymous: (user) => user.startsWith('new') });
    await drip('new 1', 1);
    await drip('new 2', 1);
    expect((await post('new 3')).status).toBe(429);
    expect((await post('ada')).status).toBe(200);
  });

  test('give back what they took when their sender hangs up, and leave nothing', async () => {
    await start({ bounds: { inAll: 3, perOwner: 3 } });
    for (let round = 0; round < 3; round++) {
      const drips = await drip('mallory', 3);
      for (const upload of drips) upload.hangUp();
      await until(() => host.files().length === 0);
    }
    expect((await post('ada')).status).toBe(200);
    expect([host.errors, host.logged]).toEqual([[], []]);
  });

  test('give it back when they have arrived or were refused', async () => {
    await start({ bounds: { inAll: 1, perOwner: 1 } });
    for (const bytes of [100, 1_500_000, 100]) {
      expect((await post('ada', bytes)).status).toBe(bytes > 1_000_000 ? 413 : 200);
      await until(() => host.files().length === 0);
    }
  });

  test('take a place only whole, and are told when there is none', async () => {
    const reserve = () => {
      throw new NotTakenError('full');
    };
    await start({ documents: { reserve } });
    expect(await post('ada')).toMatchObject({ status: 503, retryAfter: '5' });
    expect(host.refused).toEqual(['full']);
    expect(host.accepted).toEqual([]);
    await until(() => host.files().length === 0);
  });
});

describe('an upload', () => {
  test.each([
    ['announced by its length', 900_000],
    ['in chunks', 'chunked' as const],
  ])('that drips is ended, and nothing of it is left: %s', async (_name, bytes) => {
    await start();
    const slow = begin('mallory', bytes);
    await until(() => host.files().length === 1 && host.clock.nextIn === 30_000);
    slow.send(5_000);
    host.clock.moveOn(30_000);
    const { status, head, message } = await slow.answered();
    expect([status, message]).toEqual([408, 'The upload came too slowly']);
    expect(head).toMatch(/^Connection: close$/im);
    await until(() => host.files().length === 0);
    expect(host.refused).toEqual(['slow']);
    expect([host.accepted, host.errors, host.clock.nextIn]).toEqual([[], [], undefined]);
  });

  test('that is slow and steady is taken', async () => {
    await start();
    const steady = begin('ada', 750_000);
    for (let round = 0; round < 3; round++) {
      await until(() => host.clock.nextIn === 30_000);
      steady.send(250_000);
      // All of it must be counted before the time is over.
      await until(() => (host.sizes()[0] ?? 0) > (round + 1) * 250_000 - 1_000);
      host.clock.moveOn(30_000);
    }
    steady.end();
    expect((await steady.answered()).status).toBe(200);
    expect(host.accepted).toEqual([750_009]);
    expect(host.clock.nextIn).toBeUndefined();
  });

  test('that is announced too large is refused before it comes', async () => {
    await start();
    const large = begin('mallory', 60_000_000);
    expect(await large.answered()).toMatchObject({ status: 413, message: 'The file is larger than 1 MB' });
    await until(() => large.isClosed);
    expect(host.refused).toEqual(['too_large']);
  });

  test('that grows too large in chunks is refused before its end', async () => {
    await start();
    const endless = begin('mallory', 'chunked');
    while (endless.answer === '') {
      endless.send(50_000);
      await settled();
    }
    expect((await endless.answered()).status).toBe(413);
    await until(() => host.files().length === 0);
    expect(host.refused).toEqual(['too_large']);
  });

  test('that is endless in another field is refused as well', async () => {
    await start();
    const endless = new RawUpload(host.port, 'chunked', {}, 'other');
    uploads.push(endless);
    while (endless.answer === '') {
      endless.send(50_000);
      await settled();
    }
    expect((await endless.answered()).status).toBe(413);
  });

  test('that is no PDF, or no file, is refused by its reason', async () => {
    await start();
    const body = new FormData();
    expect((await fetch(`${host.base}/process`, { method: 'POST', body })).status).toBe(400);
    body.set('file', new Blob(['PK']), 'a.pdf');
    expect((await fetch(`${host.base}/process`, { method: 'POST', body })).status).toBe(400);
    expect(host.refused).toEqual(['bad_form', 'not_a_pdf']);
  });
});

describe('the answer to a large upload that is refused', () => {
  const LARGE = 50 * 1024 * 1024;

  test('is seen by fetch', async () => {
    await start();
    const body = new FormData();
    body.set('file', new Blob([new Uint8Array(LARGE)]), 'a.pdf');
    const response = await fetch(`${host.base}/process`, { method: 'POST', body });
    expect([response.status, await response.json()]).toEqual([
      413,
      { success: false, message: 'The file is larger than 1 MB' },
    ]);
  });

  const hasCurl = spawnSync('curl', ['--version']).status === 0;
  (hasCurl ? test : test.skip)('is seen by curl, which sends little of it', async () => {
    await start({ bounds: { inAll: 1, perOwner: 1 } });
    await drip('mallory', 1);
    const file = join(await newFolder(), 'a.pdf');
    writeFileSync(file, new Uint8Array(LARGE));
    const args = [
      '-sS',
      '-H',
      'x-user: mallory',
      '-F',
      `file=@${file}`,
      '-w',
      '\n%{http_code} %{size_upload}',
    ];
    const { stdout } = await promisify(execFile)('curl', [...args, `${host.base}/process`]);
    const [answer = '', figures = ''] = stdout.split('\n');
    expect(JSON.parse(answer)).toMatchObject({ success: false });
    const [status, sent] = figures.split(' ').map(Number);
    expect(status).toBe(429);
    expect(sent).toBeLessThan(LARGE / 2);
  });

  test('is seen by a client that looks when it has sent all, if that is little', async () => {
    await start({ bounds: { inAll: 1, perOwner: 1 } });
    await drip('mallory', 1);
    const late = begin('mallory', 500_000);
    expect((await late.answered()).status).toBe(429);
    expect(late.isClosed).toBe(false);
    late.send(500_000);
    late.end();
    await until(() => late.isClosed);
    expect(late.isCut).toBe(false);
  });
});

test('the log tells of refusals with their number, once in a while', () => {
  const clock = new ManualClock();
  const lines: object[] = [];
  const silent = () => undefined;
  const warn = (fields: object, message: string) => void lines.push({ ...fields, message });
  const tell = logRefusals({ info: silent, error: silent, warn }, clock);
  for (let count = 0; count < 5; count++) tell('slow');
  tell('full');
  clock.moveOn(10_000);
  tell('slow');
  const message = 'requests were refused';
  expect(lines).toEqual([
    { reason: 'slow', refused: 1, message },
    { reason: 'full', refused: 1, message },
    { reason: 'slow', refused: 5, message },
  ]);
});

/** What came in is dealt with. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}
