import type { Logger as PinoLogger } from 'pino';

/** The part of a pino logger that is used. */
export type Logger = Pick<PinoLogger, 'info' | 'warn' | 'error'>;

/** What may be logged of an error: its message could quote a page, its code and place do not. */
export function loggable(error: unknown): { error: string; at?: string[] } {
  if (!(error instanceof Error)) return { error: typeof error };
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return { error: code };
  return { error: error.name, at: error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [] };
}
