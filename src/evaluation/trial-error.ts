/**
 * Trials of plans that could not be made. The message is for the person who started them, a line for each cause,
 * and holds nothing of a document's content.
 */
export class TrialError extends Error {
  override readonly name = 'TrialError';
}

/** The code of an error of the file system, such as `ENOENT`; '' where there is none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
