import { systemClock, type Clock } from '../clock.js';
import { NotTakenError } from '../documents/documents.js';
import type { Logger } from '../logger.js';
import { PdfError } from '../stages/pdf-error.js';

/** Why a request was turned away. */
export type RefusalReason =
  | 'arriving'
  | 'owner_arriving'
  | 'slow'
  | 'too_large'
  | 'bad_form'
  | 'not_a_pdf'
  | 'cross_site'
  | NotTakenError['why'];

/** Thrown for a request that is turned away. Its message is a sentence for who sent it. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';

  /** @param status of the answer */
  constructor(
    readonly reason: RefusalReason,
    readonly status: 400 | 403 | 408 | 413 | 429 | 503,
    message: string,
  ) {
    super(message);
  }
}

/** Why an error turns its request away; undefined for one that is no refusal. */
export function refusalReason(error: unknown): RefusalReason | undefined {
  if (error instanceof RefusedError) return error.reason;
  if (error instanceof NotTakenError) return error.why;
  return error instanceof PdfError ? 'not_a_pdf' : undefined;
}

const TELL_EVERY_MS = 10_000;

/** Warns of refusals in the log: of the first at once, of those that follow with their number, every 10 s at most. */
export function logRefusals(logger: Logger, clock: Clock = systemClock): (reason: RefusalReason) => void {
  const told = new Map<RefusalReason, { at: number; since: number }>();
  return (reason) => {
    const last = told.get(reason) ?? { at: -Infinity, since: 0 };
    told.set(reason, last);
    last.since++;
    if (clock.now() - last.at < TELL_EVERY_MS) return;
    logger.warn({ reason, refused: last.since }, 'requests were refused');
    Object.assign(last, { at: clock.now(), since: 0 });
  };
}
