import type { Logger } from '../src/index.js';

/** For tests that fail on purpose: what goes wrong is not told on the terminal. */
export const SILENT: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
