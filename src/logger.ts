import { pino } from 'pino';

/** The part of a pino logger that is used; the `console` has it, too. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Where the app gives none: warnings and errors to stderr, as pino lines. */
export function usualLogger(): Logger {
  return pino({ level: 'warn' }, pino.destination({ fd: 2, sync: true }));
}

/** The logger of an app may fail; a document is not lost over what is told of it. */
export function unfailing(logger: Logger): Logger {
  const unfailing =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      try {
        logger[level](fields, message);
      } catch {
        // There is nobody left to tell.
      }
    };
  return { info: unfailing('info'), warn: unfailing('warn'), error: unfailing('error') };
}

/** What may be logged of an error: its message could quote a page, its code and place do not. */
export function loggable(error: unknown): { error: string; cause?: string; at?: string[] } {
  if (!(error instanceof Error)) return { error: typeof error };
  const { code, trouble } = error as NodeJS.ErrnoException & { trouble?: unknown };
  // Trouble of the store, which says what to look at; the code of its cause says why.
  if (typeof trouble === 'string') return { error: trouble, ...(code !== undefined && { cause: code }) };
  if (typeof code === 'string') return { error: code };
  return { error: error.name, at: error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [] };
}
