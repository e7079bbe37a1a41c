import axe from 'axe-core';
import type { Page } from 'playwright-core';

const LEVELS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

const THEMES = ['light', 'dark'] as const;

/**
 * What axe finds on a page against WCAG 2.2 AA, in both themes and with reduced motion.
 *
 * @returns one line for each finding, with the element
 */
export async function axeFindings(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    found.push(...(await findings(page)).map((finding) => `${theme}: ${finding}`));
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return found;
}

async function findings(page: Page): Promise<string[]> {
  // By way of the debugger: the page's policy lets no script of anybody else's in.
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.evaluate(axe.source);
  const options = {
    runOnly: LEVELS,
    // Not among them unless it is asked for.
    rules: { 'target-size': { enabled: true } },
    resultTypes: ['violations'],
  } satisfies axe.RunOptions;
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, any }) => `${id} (${help}): ${html.slice(0, 200)} ${any[0]?.message ?? ''}`),
  );
}
