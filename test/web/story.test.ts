import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { createQuire } from '../../src/index.js';
import { openBrowser } from '../browser.js';
import { pagesHost } from '../pages-host.js';
import { newStore } from '../shared.js';
import { SILENT } from '../silent.js';
import { watchedPage } from '../watched-page.js';

/** What most people come for, from one end to the other; each page by itself is tried in `test/all/web/`. */

const SAMPLE = readFileSync(new URL('../../docs/sample/account-package.pdf', import.meta.url));

test('a document is uploaded, followed, read, and corrected where it is wrong', async () => {
  const store = await newStore();
  const quire = await createQuire({ store, logger: SILENT });
  const host = await pagesHost(quire, { mount: '/bank/quire' });
  const opened = await openBrowser();
  const { page, troubles } = await watchedPage(opened.browser, host.origin);
  try {
    await page.goto(host.base);
    await page
      .getByLabel('PDFs to upload')
      .setInputFiles([{ name: 'account-package.pdf', mimeType: 'application/pdf', buffer: SAMPLE }]);
    const row = page.locator('[data-document]');
    await row.locator('.badge', { hasText: /Read$|Needs review$/ }).waitFor({ timeout: 120_000 });
    await row.locator('summary', { hasText: 'Model calls' }).click();
    await row.locator('tbody tr').first().waitFor({ state: 'attached' });

    await row.getByRole('link', { name: 'account-package', exact: true }).click();
    await page.getByRole('tab').nth(2).click();
    await page.locator('button.value').first().click();
    await page.locator('.page-mark.chosen').first().waitFor();
    await page.keyboard.press('Escape');

    await page.getByRole('link', { name: 'Review' }).click();
    await page.locator('[data-key]').first().focus();
    await page.keyboard.press('c');
    await page.getByText(/^1 of \d+ values checked$/).waitFor();
    await page.keyboard.press('e');
    await page.keyboard.type('As a person reads it');
    await page.keyboard.press('Enter');
    await page.getByText(/^2 of \d+ values checked$/).waitFor();

    const [, id = ''] = /document\/([^/]+)/.exec(page.url()) ?? [];
    const shown = async (query: string) =>
      (await page.request.get(`${host.base}api/document/${id}${query}`)).text();
    expect(await shown('?corrected=1')).toContain('As a person reads it');
    expect(await shown('')).not.toContain('As a person reads it');
    expect(troubles).toEqual([]);
  } finally {
    await opened.close();
    await host.close();
    await quire.close();
    await store.close();
  }
});
