import { isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { refuse } from './answers.js';

/** A name, or an address, of IPv6 in brackets; a dot at its end; a port. */
const HOST = /^([a-z\d._-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/**
 * Answers only to names that the server is known by: those of loopback, the address that was connected to,
 * and those given. A name that somebody else's DNS leads here is not among them.
 */
export function knownHosts(names: readonly string[]): RequestHandler {
  const known = new Set(['localhost', ...names.map(plain)]);
  return (request, response, next) => {
    const name = nameOf(request);
    if (name !== undefined && (known.has(name) || isLoopback(name) || name === addressOf(request)))
      return next();
    refuse(response, 421, 'This server is not known by that name; ALLOWED_HOSTS can name it');
  };
}

function nameOf(request: Request): string | undefined {
  const name = HOST.exec(request.headers.host ?? '')?.[1];
  return name === undefined ? undefined : plain(name);
}

/** In one form: `Quire.example.` and `[::1]` are `quire.example` and `::1`. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function isLoopback(name: string): boolean {
  return name === '::1' || name.endsWith('.localhost') || (isIP(name) === 4 && name.startsWith('127.'));
}

function addressOf({ socket }: Request): string | undefined {
  return socket.localAddress?.replace(/^::ffff:/, '');
}
