import { SettingsError } from '../settings.js';
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

/** What `parseArgs` threw as a sentence; what is no error of options as it is. */
export function ofOptions(error: unknown): unknown {
  if (!codeOf(error).startsWith('ERR_PARSE_ARGS')) return error;
  const [problem] = error instanceof Error ? error.message.split('. ') : [];
  return new TrialError(`${problem ?? 'The options cannot be used'}. Try --help.`);
}
