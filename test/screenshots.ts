import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type * as Rules from '../src/embedded-model/rules.js';
import type * as Quire from '../src/index.js';
import { built } from './bench/built.js';
import { openBrowser } from './browser.js';
import { OWNER, workedHost, type WorkedHost } from './worked-host.js';

/** `npm run screenshots`: takes each page, with work on it, in both themes and on a phone, into docs/screenshots/. */

const FOLDER = new URL('../docs/screenshots/', import.meta.url).pathname;

/** How it is taken: `phone` is light, too. */
const LOOKS = {
  light: { colorScheme: 'light', viewport: { width: 1_280, height: 860 } },
  dark: { colorScheme: 'dark', viewport: { width: 1_280, height: 860 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 } },
} as const;

interface Picture {
  name: string;
  address: (host: WorkedHost) => string;
  /** Of the window, where the usual one would show too little. */
  height?: number;
  /** Brings the page to where it is taken. */
  ready: (page: Page, look: keyof typeof LOOKS) => Promise<void>;
}

const PICTURES: Picture[] = [
  {
    name: 'documents',
    address: () => '',
    height: 1_240,
    ready: async (page) => {
      const long = page.locator('[data-document]').filter({ hasText: 'Whole quarter' });
      await long.locator('summary', { hasText: 'Model calls' }).click();
      await long.locator('svg[role=img]').waitFor();
    },
  },
  {
    name: 'record',
    address: ({ reviewed }) => `document/${reviewed}`,
    ready: async (page, look) => {
      await page.locator('button.value').first().waitFor();
      if (look === 'phone') return;
      await page.locator('tr:has(> th[title="Mailing_Address"]) button.value').click();
      await page.locator('.page-mark.chosen').first().waitFor();
    },
  },
  {
    name: 'page',
    address: ({ reviewed }) => `document/${reviewed}`,
    ready: async (page) => {
      await page.getByRole('tab').nth(1).click();
      await page.locator('tr:has(> th[title="Document_Number"]) button.value').click();
      await page.locator('.page-mark.chosen').first().waitFor();
    },
  },
  {
    name: 'review',
    address: ({ reviewed }) => `document/${reviewed}/review`,
    height: 830,
    ready: async (page) => {
      // The first that nobody has looked at.
      await page.locator('[data-key]').nth(6).focus();
      await page.locator('.page-sheet img').waitFor();
    },
  },
  {
    name: 'compare',
    address: ({ reviewed }) => `document/${reviewed}/compare`,
    ready: async (page) => page.locator('table').first().waitFor(),
  },
  {
    name: 'print',
    address: ({ reviewed }) => `document/${reviewed}/print`,
    ready: async (page) => page.locator('table').first().waitFor(),
  },
  {
    name: 'operations',
    address: () => 'operations',
    height: 1_600,
    ready: async (page) => page.locator('td a[href*="document/"]').first().waitFor(),
  },
];

async function take(
  browser: Browser,
  host: WorkedHost,
  picture: Picture,
  look: keyof typeof LOOKS,
): Promise<void> {
  const { viewport, colorScheme } = LOOKS[look];
  const context = await browser.newContext({
    viewport: { ...viewport, ...(look !== 'phone' && picture.height && { height: picture.height }) },
    colorScheme,
    deviceScaleFactor: 1,
    reducedMotion: 'reduce',
  });
  await context.addCookies([{ name: 'user', value: OWNER, url: host.origin }]);
  const page = await context.newPage();
  await page.goto(host.base + picture.address(host));
  await page.getByRole('heading', { level: 1 }).waitFor();
  await picture.ready(page, look);
  await page.locator('.page-wait').waitFor({ state: 'detached' });
  await page.evaluate('scrollTo(0, 0)');
  const path = join(FOLDER, `${picture.name}-${look}.png`);
  await page.screenshot({ path });
  process.stdout.write(`${picture.name}-${look}.png: ${Math.ceil((await stat(path)).size / 1_000)} kB\n`);
  await context.close();
}

const names = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'quire-screenshots-'));
const { createQuire } = await built<typeof Quire>('index.js');
const { readLabelledValues } = await built<typeof Rules>('embedded-model/rules.js');
await mkdir(FOLDER, { recursive: true });
const { browser, close } = await openBrowser();
const host = await workedHost({ createQuire, readLabelledValues }, { settings: { QUIRE_DATA_DIR: folder } });
for (const picture of PICTURES) {
  if (names.length > 0 && !names.includes(picture.name)) continue;
  for (const look of ['light', 'dark', 'phone'] as const) await take(browser, host, picture, look);
}
await close();
await host.close();
await rm(folder, { recursive: true, force: true });
