/** @jest-config-loader esbuild-register */
import { availableParallelism } from 'node:os';
import type { Config } from 'jest';

/**
 * The tests run against what is shipped: an import of `../src/x.js` is typed by the sources and
 * resolved to the build in `dist/`, where the worker threads live too. `npm test` builds first.
 */
const config: Config = {
  // `npm run test:all` runs the slow ones, in `test/all/`.
  testMatch: ['<rootDir>/test/*.test.ts', '<rootDir>/test/!(all)/**/*.test.ts'],
  transform: { '\\.ts$': '<rootDir>/test/transform.js' },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(?:\\.\\./)+src/(.*\\.js)$': '<rootDir>/dist/$1',
    '^(\\.{1,2}/(?!.*dist/).*)\\.js$': '$1',
  },
  globalSetup: '<rootDir>/test/start-services.js',
  globalTeardown: '<rootDir>/test/stop-services.js',
  setupFiles: ['<rootDir>/test/data-dir.js'],
  // One more than there are processors, because tests wait now and then.
  maxWorkers: availableParallelism() + 1,
  // For a test that hangs; a machine with other things to do takes its time.
  testTimeout: 180_000,
};

export default config;
