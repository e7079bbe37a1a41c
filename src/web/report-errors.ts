import { addressOf, placeOf } from './place.js';

/** Of one page; an error in a loop would fill the log. */
const MOST_REPORTED = 10;

/**
 * Has the server log what fails on these pages: the kind of the error, and where in the script, never its message,
 * which may quote a document.
 */
export function reportErrors(): void {
  let reported = 0;
  const report = (error: unknown, line = 0, column = 0) => {
    if (reported++ >= MOST_REPORTED) return;
    const at = positionOf(error) ?? { line, column };
    const body = JSON.stringify({
      name: error instanceof Error ? error.name : typeof error,
      page: placeOf(new URL(location.href)).page,
      ...at,
    });
    void fetch(addressOf('api/page-errors'), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
      keepalive: true,
    }).catch(() => undefined);
  };
  window.addEventListener('error', ({ error, lineno, colno }) => report(error, lineno, colno));
  window.addEventListener('unhandledrejection', ({ reason }) => report(reason));
}

function positionOf(error: unknown): { line: number; column: number } | undefined {
  const stack = error instanceof Error ? error.stack : undefined;
  const [, line, column] = /app\.js[^:\s]*:(\d+):(\d+)/.exec(stack ?? '') ?? [];
  return line === undefined ? undefined : { line: Number(line), column: Number(column) };
}
