import { cp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { StoredDocument } from '../../src/index.js';
import { pageNamed } from '../markdown.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { Program } from '../program.js';
import { Provider } from '../provider.js';
import { newFolder, pack, ROOT } from './package.js';

/** The example, copied out of the repository, with the packed module installed as its README says. */

const folder = newFolder();
let provider: Provider;
let app: Program | undefined;

beforeAll(async () => {
  provider = await Provider.start({
    read: ({ text }) => [{ name: 'Branch', value: /Branch: (.*)/.exec(text)?.[1] ?? '', confidence: 90 }],
  });
  const example = join(ROOT, 'examples/monolith');
  const installed = join(example, 'node_modules');
  await cp(example, folder, { recursive: true, filter: (path) => !path.startsWith(installed) });
  const packed = basename(await pack(folder));
  const { commands } = pageNamed('examples/monolith/README.md');
  const install = commands.find((command) => command.includes(packed));
  const installing = new Program(`${install} --prefer-offline`, { folder });
  if ((await installing.ended()) !== 0) throw new Error(installing.output);
}, 280_000);
afterAll(async () => {
  await app?.stop('SIGKILL');
  await provider.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<string> {
  app = new Program('exec node server.js', {
    folder,
    variables: {
      PORT: '0',
      OPENAI_API_KEY: 'test',
      OPENAI_MODEL: 'test-model',
      OPENAI_BASE_URL: provider.baseURL,
    },
  });
  return app.says(/(http:\/\/127\.0\.0\.1:\d+)\//);
}

/** Somebody at a browser, signed in. */
class Visitor {
  readonly #base: string;
  readonly #cookie: string;
  /** As the app set it. */
  readonly setCookie: string;

  private constructor(base: string, setCookie: string) {
    this.#base = base;
    this.setCookie = setCookie;
    this.#cookie = setCookie.split(';')[0] ?? '';
  }

  static async signIn(base: string, user: string): Promise<Visitor> {
    const response = await fetch(`${base}/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user }),
    });
    expect(response.status).toBe(200);
    return new Visitor(base, response.headers.getSetCookie().join());
  }

  get(path: string): Promise<Response> {
    return fetch(`${this.#base}/api/quire${path}`, { headers: { cookie: this.#cookie } });
  }

  async upload(account: string, branch: string): Promise<string> {
    const pdf = await makePdf([{ texts: lines(`ACCOUNT NUMBER: ${account}`, `Branch: ${branch}`) }]);
    const body = new FormData();
    body.set('file', new Blob([Uint8Array.from(pdf)]), `${branch}.pdf`);
    const headers = { cookie: this.#cookie };
    const response = await fetch(`${this.#base}/api/quire/process`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    return ((await response.json()) as { job_id: string }).job_id;
  }

  async read(id: string): Promise<StoredDocument> {
    for (;;) {
      const response = await this.get(`/api/document/${id}`);
      const { document } = (await response.json()) as { document: StoredDocument };
      if (document.status !== 'extracting') return document;
      await sleep(50);
    }
  }

  async documents(): Promise<string[]> {
    const response = await this.get('/api/documents');
    const { documents } = (await response.json()) as { documents: { id: string }[] };
    return documents.map(({ id }) => id);
  }
}

test('the example serves two users, each their own documents, and ends as it wants to', async () => {
  let base = await start();
  const page = await fetch(base);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-security-policy')).toContain(`default-src 'self'`);
  expect((await fetch(`${base}/api/quire/api/documents`)).status).toBe(401);

  let ada = await Visitor.signIn(base, 'ada');
  const grace = await Visitor.signIn(base, 'grace');
  expect(ada.setCookie).toMatch(/^monolith=.*HttpOnly; SameSite=Lax/);
  const [hers, other] = await Promise.all([ada.upload('11111111', 'Oak'), grace.upload('22222222', 'Elm')]);
  expect((await ada.read(hers)).documents[0]?.accounts[0]).toMatchObject({
    accountNumber: '11111111',
    result: { Branch: { value: 'Oak' } },
  });
  expect((await grace.read(other)).documents[0]?.accounts[0]).toMatchObject({
    accountNumber: '22222222',
    result: { Branch: { value: 'Elm' } },
  });
  expect(await ada.documents()).toEqual([hers]);
  expect(await grace.documents()).toEqual([other]);
  expect((await grace.get(`/api/document/${hers}`)).status).toBe(404);
  expect((await grace.get(`/api/document/${hers}/pdf`)).status).toBe(404);

  const metrics = await (await fetch(`${base}/metrics`)).text();
  expect(metrics).toMatch(/^http_request_seconds_count{method="POST",status="200"} 4$/m);
  expect(metrics).toMatch(/^quire_plan_decisions_total{path="single-page",reason="flag_off"} 2$/m);
  expect(metrics.match(/^# TYPE process_cpu_seconds_total /gm)).toHaveLength(1);

  // While a page is being asked about.
  const asked = new Promise<void>((resolve) => {
    provider.behaviour.delay = () => {
      resolve();
      return 500;
    };
  });
  const third = await ada.upload('33333333', 'Ash');
  await asked;
  expect(await app?.stop()).toBe(0);
  expect(app?.output.trim().split('\n').at(-1)).toContain('"msg":"stopped"');

  const calls = provider.calls.length;
  base = await start();
  ada = await Visitor.signIn(base, 'ada');
  expect((await ada.read(third)).documents[0]?.accounts[0]).toMatchObject({ accountNumber: '33333333' });
  expect(await ada.documents()).toEqual([third, hers]);
  expect(provider.calls).toHaveLength(calls);
  expect(await app?.stop()).toBe(0);
});
