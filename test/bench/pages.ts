import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { openBrowser } from '../browser.js';
import { Host } from '../host.js';
import { largePackage } from '../large-package.js';
import { atMost, median, timed } from './figures.js';
import { tabMemory, tasksDuring, type TabMemory, type Task } from './tab.js';

const PAGES = 200;
const FIELDS_A_PAGE = 15;
const PICTURE_WIDTH = 1_200;

/** A document of 200 pages and 3,000 fields in a real browser: what the tab does with it, and how soon. */
export async function pages(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'quire-pages-'));
  const host = new Host({ QUIRE_DATA_DIR: folder, LOG_LEVEL: 'error' });
  const { browser, close } = await openBrowser();
  try {
    await host.start();
    const pdf = await largePackage({ pages: PAGES, fieldsAPage: FIELDS_A_PAGE });
    const page = await browser.newPage({ viewport: { width: 1_280, height: 900 } });
    let id = '';
    const longest: Record<string, { ms: number; cpuMs: number }> = {};
    const memory: TabMemory[] = [];
    const traced = async (name: string, work: () => Promise<void>) => {
      const tasks = await tasksDuring(browser, page, work);
      const most = (of: keyof Task) => Math.max(...tasks.map((task) => task[of]));
      longest[name] = { ms: most('ms'), cpuMs: most('cpuMs') };
      memory.push(await tabMemory(browser, page));
    };
    let firstProgress = NaN;
    await traced('upload', async () => {
      ({ id, firstProgress } = await uploaded(page, host.base, pdf));
    });
    atMost(1_000, 'ms from an upload to its first progress', firstProgress);
    await pictures(page, `${host.base}/api/document/${id}`);
    for (const [name, work] of Object.entries(VISITS)) {
      await traced(name, () => work(page, `${host.base}/document/${id}`));
    }
    for (const [name, { ms, cpuMs }] of Object.entries(longest)) {
      atMost(200, `ms of processor of the longest task: ${name} (${ms.toFixed(0)} ms by the clock)`, cpuMs);
    }
    const most = (of: keyof TabMemory) => Math.max(...memory.map((measured) => measured[of]));
    atMost(
      150,
      'MB of the tab’s own memory (RssAnon + VmSwap of its process), at most after a visit',
      most('own'),
    );
    process.stdout.write(
      `      of which scripts have ${most('scripts').toFixed(1)} MB; resident with what tabs share: ${most('resident').toFixed(0)} MB\n`,
    );
  } finally {
    await close();
    if (host.isRunning) await host.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Has the page note when the first progress of a document is seen. */
const NOTE_PROGRESS = `
  new MutationObserver((_changes, observer) => {
    const bars = [...document.querySelectorAll('progress[aria-label^="Progress of"]')];
    if (!bars.some((bar) => bar.value > 0)) return;
    window.progressSeen = performance.now();
    observer.disconnect();
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
  window.filesGiven = performance.now();
`;

/** Gives the document to the upload page, and waits until it is read. */
async function uploaded(
  page: Page,
  base: string,
  pdf: Buffer,
): Promise<{ id: string; firstProgress: number }> {
  await page.goto(base);
  const input = page.getByLabel('PDFs to upload');
  await input.waitFor({ state: 'attached' });
  await page.evaluate(NOTE_PROGRESS);
  await input.setInputFiles([{ name: 'large.pdf', mimeType: 'application/pdf', buffer: pdf }]);
  await soon(page, 'window.progressSeen');
  // Its calls are drawn while they are made.
  await page.evaluate(`document.querySelector('[data-document] summary').click()`);
  await soon(page, `document.querySelector('[data-document] .good.badge, [data-document] .notice.badge')`);
  const firstProgress = await page.evaluate<number>('window.progressSeen - window.filesGiven');
  const id = await page.evaluate<string>(`document.querySelector('[data-document]').dataset.document`);
  return { id, firstProgress };
}

/** Each page's picture: as it is drawn, and at once again. */
async function pictures(page: Page, document: string): Promise<void> {
  const [drawn, kept]: [number[], number[]] = [[], []];
  const cookies = await page.context().cookies();
  const headers = { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') };
  const ask = async (number: number) => {
    const answer = await fetch(`${document}/page/${number}/picture?width=${PICTURE_WIDTH}`, { headers });
    if (!answer.ok) throw new Error(`A picture was answered with ${answer.status}`);
    await answer.arrayBuffer();
  };
  for (let number = 1; number <= PAGES; number++) {
    drawn.push(await timed(() => ask(number)));
    kept.push(await timed(() => ask(number)));
  }
  const of = (times: number[]) =>
    `median ${median(times).toFixed(0)}, longest ${Math.max(...times).toFixed(0)}`;
  process.stdout.write(
    `      a picture ${PICTURE_WIDTH} pixels wide, in ms: drawn ${of(drawn)}; kept ${of(kept)}\n`,
  );
  atMost(500, 'ms of a picture that is drawn, the longest', Math.max(...drawn));
  atMost(50, 'ms of a picture that is kept, the longest', Math.max(...kept));
}

/** What somebody does on each page; by scripts as small as can be, which run in the tab, too. */
const VISITS: Record<string, (page: Page, document: string) => Promise<void>> = {
  record: async (page, document) => {
    await page.goto(document);
    await soon(page, `document.querySelector('[role=tab]')`);
    const accounts = await page.evaluate<number>(`document.querySelectorAll('[role=tab]').length`);
    for (let index = 0; index < accounts; index++) {
      await page.evaluate(`document.querySelectorAll('[role=tab]')[${index}].click()`);
      await soon(page, `document.querySelectorAll('button.value').length > ${FIELDS_A_PAGE * 20}`);
      await page.evaluate(`document.querySelectorAll('button.value')[${FIELDS_A_PAGE * 20}].click()`);
      await soon(page, `document.querySelector('.page-mark.chosen')`);
    }
  },
  'every page turned over': async (page, document) => {
    await page.goto(document);
    await soon(page, `document.querySelectorAll('button.value').length > 1`);
    await page.evaluate(`document.querySelectorAll('button.value')[1].click()`);
    for (let number = 1; number <= PAGES; number++) {
      await soon(page, `document.querySelector('.page-sheet img[alt^="Page ${number} "]')`);
      await soon(page, `!document.querySelector('.page-wait')`);
      await page.evaluate(`document.querySelector('[aria-label="Next page"]').click()`);
    }
  },
  review: async (page, document) => {
    await page.goto(`${document}/review`);
    await soon(page, `document.querySelectorAll('[data-key]').length > ${PAGES * FIELDS_A_PAGE}`);
    await page.evaluate(`document.querySelector('[data-key]').focus()`);
    for (let index = 1; index <= REVIEWED; index++) {
      await page.keyboard.press('c');
      await soon(page, `document.querySelector('.review label').textContent.startsWith('${index} of')`);
    }
  },
  'print view': async (page, document) => {
    await page.goto(`${document}/print`);
    await soon(page, `document.querySelectorAll('tbody tr').length > ${PAGES * FIELDS_A_PAGE}`);
  },
  comparison: async (page, document) => {
    await page.goto(`${document}/compare`);
    await soon(page, `document.querySelector('.compare .sheet')`);
  },
  operations: async (page, document) => {
    await page.goto(new URL('/operations', document).href);
    await soon(page, `document.querySelector('main a[href*="document/"]')`);
  },
};

const LOOK_EVERY_MS = 20;
const REVIEWED = 30;

/** Waits until something is so in the tab. */
async function soon(page: Page, what: string): Promise<void> {
  while (!(await page.evaluate<boolean>(`!!(${what})`))) await sleep(LOOK_EVERY_MS);
}
