import { closeTo, SettingsError } from '../settings.js';
import { oneLine } from './report/terminal.js';
import { codeOf, TrialError } from './trial-error.js';

/**
 * Why a command ended, for the person who ran it.
 *
 * @param what stopped, where that was not foreseen
 */
export function complaint(error: unknown, what: string): string {
  if (error instanceof TrialError) return error.message;
  if (error instanceof SettingsError) return error.message.replace('\n', ' ').replaceAll('\n', '; ');
  // The message of an error that was not foreseen may quote a document.
  const name = error instanceof Error ? error.name : typeof error;
  return `${what} stopped on an unexpected error: ${[name, codeOf(error)].filter(Boolean).join(' ')}.`;
}

/**
 * What `parseArgs` threw as a sentence; what is no error of options as it is.
 *
 * @param options the names of those that there are
 * @param help how they are shown
 */
export function ofOptions(error: unknown, options: readonly string[], help = '--help'): unknown {
  if (!codeOf(error).startsWith('ERR_PARSE_ARGS')) return error;
  const [problem = ''] = error instanceof Error ? error.message.split('. ') : [];
  const given = /^Unknown option '--?([^']+)'/.exec(problem)?.[1] ?? '';
  const [meant] = closeTo(given, options);
  return new TrialError(
    `${oneLine(problem)}.${meant === undefined ? '' : ` Did you mean --${meant}?`} Try ${help}.`,
  );
}
