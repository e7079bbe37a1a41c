import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';

const LOOPBACK = /^(?:::1|(?:::ffff:)?127\.\d+\.\d+\.\d+)$/;
/** What a browser on this machine calls it; any other name may be one that somebody else points here. */
const LOOPBACK_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i;
/** A proxy on this machine passes on what comes from elsewhere. */
const PROXIED = /^(?:forwarded|x-forwarded-.*|x-real-ip|via)$/;

/**
 * Lets through to a route of ops only who brings the token (`Authorization: Bearer ...`); without a token
 * set, only this machine itself, and no page of another site that a browser on it shows.
 */
export function requireOps(token: string | undefined): RequestHandler {
  return (request, response, next) => {
    if (!isFromOps(request, token)) {
      response.set('WWW-Authenticate', 'Bearer');
      response.status(401).json({ success: false, message: 'This needs the token of ops' });
      return;
    }
    // Browsers send no such token by themselves.
    if (token === undefined && changesSomething(request) && isFromAnotherSite(request)) {
      response.status(403).json({ success: false, message: 'Pages of other sites cannot do this' });
      return;
    }
    next();
  };
}

/** Whether a request brings the token, or comes from this machine where none is set. */
export function isFromOps(request: IncomingMessage, token: string | undefined): boolean {
  return token === undefined ? isLocal(request) : bearer(request, token);
}

/** Neither an address nor a host that a proxy tells of counts, whatever the app trusts. */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  return (
    LOOPBACK.test(socket.remoteAddress ?? '') &&
    LOOPBACK_HOST.test(headers.host ?? '') &&
    !Object.keys(headers).some((header) => PROXIED.test(header))
  );
}

function bearer({ headers }: IncomingMessage, token: string): boolean {
  const [scheme, given = ''] = (headers.authorization ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' && timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function changesSomething({ method }: IncomingMessage): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** As browsers tell it; other clients tell nothing. */
function isFromAnotherSite({ headers }: IncomingMessage): boolean {
  const { 'sec-fetch-site': site, origin, host } = headers;
  if (site === 'cross-site' || site === 'same-site') return true;
  const own = (host ?? '').toLowerCase();
  return origin !== undefined && origin !== `http://${own}` && origin !== `https://${own}`;
}
