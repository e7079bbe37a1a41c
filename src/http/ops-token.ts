import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';

/** What is for ops alone, under the path the router is mounted at. */
const OPS = ['/readyz', '/metrics', '/api/shadow'];

const LOOPBACK = /^(?:::1|(?:::ffff:)?127\.\d+\.\d+\.\d+)$/;
/** A proxy on this machine passes on what comes from elsewhere. */
const PROXIED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/**
 * Lets through to ops' routes only who brings the token (`Authorization: Bearer ...`); without a token
 * set, only this machine itself.
 */
export function requireOpsToken(token: string | undefined): RequestHandler {
  return (request, response, next) => {
    if (!isForOps(request.path)) return next();
    if (token === undefined ? isLocal(request) : bearer(request, token)) return next();
    response.set('WWW-Authenticate', 'Bearer');
    response.status(401).json({ success: false, message: 'This needs the token of ops' });
  };
}

/** @param path under the one the router is mounted at */
export function isForOps(path: string): boolean {
  return OPS.includes(path.replace(/\/$/, '').toLowerCase());
}

function isLocal(request: Request): boolean {
  const address = request.socket.remoteAddress ?? '';
  return LOOPBACK.test(address) && !PROXIED.some((header) => header in request.headers);
}

function bearer(request: Request, token: string): boolean {
  const [scheme, given = ''] = (request.get('authorization') ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' && timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
