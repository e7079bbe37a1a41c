/**
 * A parity run that could not be made. The message is for the person who started it, a line for each cause, and
 * holds nothing of a document's content.
 */
export class ParityError extends Error {
  override readonly name = 'ParityError';
}

/** The code of an error of the file system, such as `ENOENT`; '' where there is none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
