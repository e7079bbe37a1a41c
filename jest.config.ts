/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';
import { createDefaultEsmPreset } from 'ts-jest';

/**
 * The tests run against what is shipped: an import of `../src/x.js` is typed by the sources and
 * resolved to the build in `dist/`, where the worker threads live too. `npm test` builds first.
 */
const config: Config = {
  ...createDefaultEsmPreset(),
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  moduleNameMapper: {
    '^(?:\\.\\./)+src/(.*\\.js)$': '<rootDir>/dist/$1',
    '^(\\.{1,2}/(?!.*dist/).*)\\.js$': '$1',
  },
  globalSetup: './test/data-folders.ts',
  globalTeardown: './test/remove-data-folders.ts',
  setupFiles: ['./test/data-folder.ts'],
  maxWorkers: '100%',
  testTimeout: 60_000,
};

export default config;
