import type { IncomingMessage } from 'node:http';

declare global {
  // What the app's types say a request has (`@types/passport`, `@types/express-session`, its own).
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type
    interface Request {}
  }
}

/**
 * A request of the app that mounts the router: with `user`, `session` and the like, where the app's
 * types declare them. Those of Express 4 and 5 are such requests.
 */
export interface HostRequest extends IncomingMessage, Express.Request {
  /** A header, whatever the case of its name. */
  get(name: string): string | undefined;
}
