import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';

/** A page in a real browser, with all that a page of Quire must never do written down. */
export interface WatchedPage {
  page: Page;
  context: BrowserContext;
  /** Empty for a page that behaves: requests elsewhere, violations of its policy, errors, requests that failed. */
  troubles: readonly string[];
  /** Answers that were no success, like `404 GET /api/document/a`: fine where a test asks for them. */
  refusals: readonly string[];
  close: () => Promise<void>;
}

/** One that was broken off because the page went on. */
const BROKEN_OFF = 'net::ERR_ABORTED';
/** Chromium says so of each answer that is no success; those are written down by their status. */
const OF_AN_ANSWER = 'Failed to load resource';

const TELL_OF_VIOLATIONS = `document.addEventListener('securitypolicyviolation', (event) =>
  console.error('policy violated: ' + event.violatedDirective + ' ' + event.blockedURI))`;

/** How the browser is set, and the value of a cookie that says who it is. */
export type PageOptions = BrowserContextOptions & { user?: string };

/**
 * Opens an empty page.
 *
 * @param origin of the server: a request to any other one is written down
 */
export async function watchedPage(
  browser: Browser,
  origin: string,
  { user, ...options }: PageOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, ...options });
  if (user !== undefined) await context.addCookies([{ name: 'user', value: user, url: origin }]);
  // In every frame, before anything of the page runs; the policy of the page does not apply to it.
  await context.addInitScript({ content: TELL_OF_VIOLATIONS });
  const page = await context.newPage();
  const troubles: string[] = [];
  const refusals: string[] = [];
  page.on('request', (request) => {
    const { origin: asked, pathname } = new URL(request.url());
    if (asked !== new URL(origin).origin) troubles.push(`request elsewhere: ${request.url().slice(0, 200)}`);
    if (pathname.endsWith('/api/page-errors')) troubles.push(`reported: ${request.postData()}`);
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    if (why !== BROKEN_OFF) troubles.push(`request failed: ${request.url()} ${why}`);
  });
  page.on('response', (response) => {
    if (response.status() < 400) return;
    const { pathname } = new URL(response.url());
    const said = `${response.status()} ${response.request().method()} ${pathname}`;
    (response.status() < 500 ? refusals : troubles).push(said);
  });
  page.on('console', (message) => {
    if (message.type() !== 'error' || message.text().startsWith(OF_AN_ANSWER)) return;
    troubles.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => void troubles.push(`page error: ${error.message}`));
  page.on('dialog', (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    void dialog.accept();
  });
  const close = async () => {
    // An answer that a test was changing has nobody to go to any more.
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
  };
  return { page, context, troubles, refusals, close };
}
