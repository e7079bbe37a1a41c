import type { May } from './access.js';
import type { IsOperator } from './is-operator.js';
import type { Identify } from './sender.js';

export interface RouterOptions {
  /**
   * Who sends a request. Default: `request.user.id`, `sub` or `_id`, where login middleware sets `request.user`, or
   * else `request.sessionID`. A request whose sender has no usable id is answered with 401.
   */
  identify?: Identify | undefined;
  /** Whether requests that name nobody are served; they share their documents. Default: they are answered with 401. */
  allowAnonymous?: boolean | undefined;
  /**
   * Whether the sender of a request may see somebody else's document: its record, pages and values. Asked for each
   * request, and for the list of others' documents about each of them; anything but `true` is a no. Default: nobody
   * may.
   */
  mayRead?: May | undefined;
  /** Whether they may also confirm and correct its values. Default: nobody may. */
  mayCorrect?: May | undefined;
  /**
   * Whether the sender of a request may see and do what is for ops, under `/ops/` and on the operations page, beside
   * whoever has the token. Anything but `true` is a no. Default: nobody may.
   */
  isOperator?: IsOperator | undefined;
  /**
   * Origins, like `https://app.example`, whose pages may upload, delete and retry, beside the app's own. Default:
   * none; other sites are answered with 403.
   */
  allowOrigins?: readonly string[] | undefined;
}
