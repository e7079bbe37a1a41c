import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Markup, markup, type Content } from './markup.js';
import { count } from './wording.js';

const STYLE = readFileSync(new URL('style.css', import.meta.url), 'utf8');

/** What every report has at its head. */
export interface Head {
  title: string;
  /** What was run. */
  subject: Markup;
  documents: number;
  pages: number;
  /** In UTC, ISO 8601. */
  createdAt: string;
  /** What the file holds, in a sentence. */
  holds: string;
}

/** A report as a page of HTML that needs no script and nothing from outside. */
export function reportPage(
  { title, subject, documents, pages, createdAt, holds }: Head,
  main: Content,
): string {
  const madeOn = `${createdAt.slice(0, 10)} at ${createdAt.slice(11, 16)} UTC`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>${subject}</p>
<p class="quiet">${count(documents, 'document')}, ${count(pages, 'page')}. Made on ${madeOn}.
${holds}</p>
</header>
<main>
${main}
</main>
</body>
</html>
`.text;
}

/** No style applies but the page's own. */
function contentSecurityPolicy(): string {
  return [
    `default-src 'none'`,
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
}
