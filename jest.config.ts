/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

/**
 * The tests run against what is shipped: an import of `../src/x.js` is typed by the sources and
 * resolved to the build in `dist/`, where the worker threads live too. `npm test` builds first.
 */
const config: Config = {
  // `npm run test:all` runs the slow ones, in `test/all/`.
  testMatch: ['<rootDir>/test/*.test.ts'],
  transform: { '\\.ts$': '<rootDir>/test/transform.js' },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(?:\\.\\./)+src/(.*\\.js)$': '<rootDir>/dist/$1',
    '^(\\.{1,2}/(?!.*dist/).*)\\.js$': '$1',
  },
  globalSetup: '<rootDir>/test/start-services.js',
  globalTeardown: '<rootDir>/test/stop-services.js',
  setupFiles: ['<rootDir>/test/data-dir.js'],
  maxWorkers: '100%',
  testTimeout: 60_000,
};

export default config;
