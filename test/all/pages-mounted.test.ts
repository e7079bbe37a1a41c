import { rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openBrowser, type OpenBrowser } from '../browser.js';
import { Child } from '../child.js';
import { strippingProxy } from '../pages-host.js';
import { longPackage } from '../sample-package/package.js';
import { watchedPage, type WatchedPage } from '../watched-page.js';
import { install, newFolder, pack } from './package.js';

/** The pages of the packed module, in empty apps: from an upload to a value that somebody has confirmed. */

const LIMIT_MS = 280_000;
const MOUNT = '/bank/quire';

/** An app with its own sign-in. Its policy is what it is told, or what helmet gives without being told anything. */
const APP = `
import express from 'express';
import helmet from 'helmet';
import { createQuire } from 'quire';

const quire = await createQuire();
const app = express();
const { POLICY, MOUNT } = process.env;
app.use((request, response, next) => {
  if (POLICY) response.set('Content-Security-Policy', POLICY);
  const [, user] = /user=(\\w+)/.exec(request.headers.cookie ?? '') ?? [];
  if (user === undefined) return response.status(401).send('Sign in first');
  request.user = { id: user };
  next();
});
if (!POLICY) app.use(helmet());
app.use(MOUNT, quire.router(), quire.pages());
const server = app.listen(0, '127.0.0.1', () => {
  console.log(\`http://127.0.0.1:\${server.address().port}\`);
});
process.once('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await quire.close();
});
`;

const STRICT = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'";

let opened: OpenBrowser;
const root = newFolder();
let packed: string;
let pdf: Buffer;
beforeAll(async () => {
  opened = await openBrowser();
  packed = await pack(root);
  ({ pdf } = await longPackage({ pages: 4, accounts: 1 }));
}, LIMIT_MS);
afterAll(async () => {
  await opened.close();
  rmSync(root, { recursive: true, force: true });
});

describe.each([
  ['4.22.3', STRICT],
  ['5.3.0', undefined],
])('in an app on Express %s', (version, policy) => {
  let app: Child;
  let origin: string;
  beforeAll(async () => {
    const folder = join(root, version);
    await mkdir(folder);
    await install(folder, [packed, `express@${version}`, 'helmet@8.3.0']);
    writeFileSync(join(folder, 'app.mjs'), APP);
    app = new Child(
      join(folder, 'app.mjs'),
      { MOUNT, QUIRE_DATA_DIR: join(folder, 'data'), ...(policy && { POLICY: policy }) },
      folder,
    );
    origin = await app.address();
  }, LIMIT_MS);
  afterAll(() => app.stop());

  test.each([MOUNT, `${MOUNT}/`])('a document is uploaded, read and reviewed: %s', async (address) => {
    const watched = await watchedPage(opened.browser, origin, { user: 'anna' });
    await throughAll(watched, origin + address);
    expect(watched.troubles).toEqual([]);
    expect(watched.refusals).toEqual([]);
    await watched.close();
  });

  test('the same behind a proxy that takes a part of the path away', async () => {
    const proxy = await strippingProxy(origin, '/outer');
    const watched = await watchedPage(opened.browser, proxy.origin, { user: 'bert' });
    await throughAll(watched, `${proxy.origin}/outer${MOUNT}`);
    expect(watched.troubles).toEqual([]);
    await watched.close();
    await proxy.close();
  });

  test('nobody sees anything before the app’s sign-in', async () => {
    const { page, close } = await watchedPage(opened.browser, origin);
    await page.goto(origin + MOUNT);
    expect(await page.textContent('body')).toBe('Sign in first');
    await close();
  });
});

/** Uploads a document, looks at a value where it stands, and confirms the first of the doubtful ones. */
async function throughAll({ page }: WatchedPage, address: string): Promise<void> {
  await page.goto(address);
  const name = `package of ${address.length}`;
  await page
    .getByLabel('PDFs to upload')
    .setInputFiles([{ name: `${name}.pdf`, mimeType: 'application/pdf', buffer: pdf }]);
  const row = page
    .locator('[data-document]')
    .filter({ has: page.getByRole('heading', { name, exact: true }) });
  await row.locator('.badge', { hasText: /Read$|Needs review$/ }).waitFor({ timeout: 120_000 });
  await row.getByRole('link', { name, exact: true }).click();
  await page.locator('button.value').nth(1).click();
  await page.locator('.page-mark.chosen').first().waitFor();
  await page.getByRole('link', { name: 'Review' }).click();
  await page.locator('[data-key]').first().focus();
  await page.keyboard.press('c');
  await page.getByText(/^1 of \d+ values checked$/).waitFor();
}
