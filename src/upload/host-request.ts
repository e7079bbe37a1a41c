import type { IncomingMessage } from 'node:http';
import type { FlagContext } from '../rollout/flags.js';

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

/** Who sends a request. */
export interface Sender extends FlagContext {
  /**
   * Whose the documents are: nobody else sees them. Default: `userId`, or else `sessionId`. Requests of
   * nobody share their documents.
   */
  owner?: string | undefined;
}

/**
 * Tells who sends a request, for the doors and for the flags' stickiness and constraints. `pageCount` is
 * added to the properties.
 */
export type Identify = {
  // A method, so that its request may also be typed as Express's own, or as one of the app's.
  identify(request: HostRequest): Sender;
}['identify'];
