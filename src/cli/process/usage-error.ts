/** A command that cannot be begun as it was given. The message is for the person who gave it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
