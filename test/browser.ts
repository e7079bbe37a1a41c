import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** A real Chromium from npm, for pages of our own alone: it runs without its sandbox. */
export interface OpenBrowser {
  browser: Browser;
  close: () => Promise<void>;
}

/** Starts it; a bare Debian has what it needs beside it. */
export async function openBrowser(): Promise<OpenBrowser> {
  // Read when the package is loaded: its libraries are unpacked, too, where this is set.
  process.env.AWS_LAMBDA_JS_RUNTIME = 'nodejs20.x';
  const folder = mkdtempSync(join(tmpdir(), 'quire-browser-'));
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    const { default: binary } = await import('@sparticuz/chromium');
    const executablePath = await binary.executablePath();
    const browser = await chromium.launch({
      executablePath,
      args: binary.args.filter((arg) => arg !== '--single-process'),
      env: { ...process.env, TMPDIR: folder },
    });
    return {
      browser,
      async close() {
        await browser.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}
