import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import express, { type Request, type RequestHandler, type Response } from 'express';
import type { Logger } from '../logger.js';
import { answeringErrors } from './answers.js';

/** What the pages are made of, as `npm run build` writes it. */
const ASSETS = {
  'app.js': 'text/javascript; charset=utf-8',
  'app.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

type AssetName = keyof typeof ASSETS;

interface Asset {
  bytes: Buffer;
  /** Changes with the bytes. */
  version: string;
}

/** The addresses of the pages, and how each leads back to where they are mounted. */
const PAGES = [
  { paths: ['/', '/operations'], root: './' },
  { paths: ['/document/:id'], root: '../' },
  { paths: ['/document/:id/review', '/document/:id/compare', '/document/:id/print'], root: '../../' },
] as const;

/** For a host that sets none: no script, style or request of anybody else's. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'";

/**
 * The pages people see, without anything of a document in them: those ask the routes. They mount beside the routes,
 * under any path and behind any sign-in, and find them by relative addresses.
 */
export function pagesRouter(logger: Logger): RequestHandler {
  const assets = readAssets();
  const router = express.Router();
  for (const { paths, root } of PAGES) {
    const page = pageOf(root, assets);
    const pageBelow = pageOf(root === './' ? '../' : `../${root}`, assets);
    const send = (request: Request, response: Response) => {
      const missing = missingSlash(request, root);
      if (missing !== undefined) return response.redirect(302, missing);
      if (!response.hasHeader('Content-Security-Policy')) response.set('Content-Security-Policy', POLICY);
      response.set({
        'Cache-Control': 'no-cache',
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
      });
      // With a slash at its end, an address is one folder deeper.
      const isBelow = request.path !== '/' && request.path.endsWith('/');
      response.type('html').send(isBelow ? pageBelow : page);
    };
    router.get([...paths], send);
  }
  router.get('/assets/:name', (request, response, next) => {
    const { name } = request.params;
    if (!isAsset(name)) return next();
    const { bytes, version } = assets[name];
    const isPinned = request.query.v === version;
    response.set('Cache-Control', isPinned ? 'public, max-age=31536000, immutable' : 'no-cache');
    response.set('X-Content-Type-Options', 'nosniff');
    response.type(ASSETS[name]).send(bytes);
  });
  return answeringErrors(router, logger);
}

/** Where a page is asked for by an address without the slash that relative addresses need. */
function missingSlash({ originalUrl, path }: Request, root: string): string | undefined {
  const [asked = '', query] = originalUrl.split('?');
  if (root !== './' || path !== '/' || asked.endsWith('/')) return undefined;
  // Relative, because a proxy may have its own prefix.
  return `./${asked.slice(asked.lastIndexOf('/') + 1)}/${query === undefined ? '' : `?${query}`}`;
}

function pageOf(root: string, assets: Record<AssetName, Asset>): string {
  const at = (name: AssetName) => `${root}assets/${name}?v=${assets[name].version}`;
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Quire</title>
    <link rel="icon" href="${at('icon.svg')}" type="image/svg+xml" />
    <link rel="stylesheet" href="${at('app.css')}" />
    <script src="${at('app.js')}" defer></script>
  </head>
  <body data-root="${root}">
    <div id="app"></div>
    <noscript><p>This page needs JavaScript.</p></noscript>
  </body>
</html>
`;
}

function isAsset(name: string): name is AssetName {
  return Object.hasOwn(ASSETS, name);
}

function readAssets(): Record<AssetName, Asset> {
  const read = (name: AssetName): Asset => {
    const bytes = readFileSync(new URL(`../web/${name}`, import.meta.url));
    return { bytes, version: createHash('sha256').update(bytes).digest('base64url').slice(0, 12) };
  };
  return { 'app.js': read('app.js'), 'app.css': read('app.css'), 'icon.svg': read('icon.svg') };
}
