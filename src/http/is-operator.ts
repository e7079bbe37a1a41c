import type { HostRequest } from './host-request.js';

/** Tells whether the sender of a request may see and do what is for ops. */
export type IsOperator = {
  // A method, so that its request may also be typed as Express's own, or as one of the app's.
  isOperator(request: HostRequest): boolean | Promise<boolean>;
}['isOperator'];
