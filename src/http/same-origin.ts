import type { Request, RequestHandler } from 'express';
import { SettingsError } from '../settings.js';
import { RefusedError } from './refusals.js';

/** What a browser says of a request that no other site has made. */
const OWN_SITES = [undefined, 'same-origin', 'none'];

/**
 * Keeps pages of other sites from using a browser's cookies to change something. Clients that are no browsers
 * send neither header, and pass.
 *
 * @param allowed origins whose pages may do so
 */
export function requireOwnOrigin(allowed: readonly string[]): RequestHandler {
  return (request, _response, next) => {
    const origin = request.get('origin');
    if (origin !== undefined && allowed.includes(origin)) return next();
    const isOwn = origin === undefined || origin === ownOrigin(request);
    if (isOwn && OWN_SITES.includes(request.get('sec-fetch-site'))) return next();
    throw new RefusedError('cross_site', 403, 'Pages of other sites may change nothing here');
  };
}

/** Where a browser has the app, as far as the app trusts its proxies to tell; undefined for what is no address. */
function ownOrigin(request: Request): string | undefined {
  // Of Express 4, `request.host` has no port.
  const trusts = request.app.get('trust proxy fn') as (address: string | undefined, hop: number) => boolean;
  const forwarded = trusts(request.socket.remoteAddress, 0) ? request.get('x-forwarded-host') : undefined;
  const host = forwarded?.split(',')[0]?.trim() ?? request.get('host');
  return originOf(`${request.protocol}://${host}`);
}

/** @throws {SettingsError} for what is no origin */
export function checkOrigins(origins: readonly string[]): void {
  if (origins.every((origin) => /^https?:/.test(origin) && originOf(origin) === origin)) return;
  throw new SettingsError(
    'allowOrigins must be origins like https://app.example: scheme, name and port, without a path.',
  );
}

function originOf(address: string): string | undefined {
  return URL.canParse(address) ? new URL(address).origin : undefined;
}
