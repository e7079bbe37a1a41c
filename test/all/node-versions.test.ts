import { readFileSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runApp, WHOLE } from './mounted-app.js';
import { attempt, install, installNodes, newFolder, pack, ROOT, run } from './package.js';

/** Every version of Node.js that is supported: the oldest of 20 and of 22 that `engines` allows, and newer ones. */
const VERSIONS = ['20.19.0', '22.12.0', '24.21.0', '26.10.0'];

/** What turns pages into records, and what holds the two paths together. */
const CORE = 'test/(processor/(auto-plan|batches|golden|hazards|merge)|stages/accounts|llm/wire)\\.test';

const LIMIT_MS = 280_000;
const root = newFolder();
const app = join(root, 'app');
let nodes: string[];

beforeAll(async () => {
  await mkdir(app);
  await mkdir(join(root, 'nodes'));
  await install(app, [await pack(root), 'openai@6.49.0', 'express@5.3.0']);
  nodes = await installNodes(join(root, 'nodes'), VERSIONS);
}, LIMIT_MS);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.each(VERSIONS)('on Node.js %s', (version) => {
  const node = () => nodes[VERSIONS.indexOf(version)] ?? '';

  test(
    "the core's tests pass",
    async () => {
      expect((await run(node(), ['--version'], ROOT)).out.trim()).toBe(`v${version}`);
      const report = join(root, `report-${version}.json`);
      const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
      await attempt(node(), [...jest, CORE, '--json', '--outputFile', report], ROOT);
      const { numFailedTests, numFailedTestSuites, numPassedTestSuites, testResults } = JSON.parse(
        readFileSync(report, 'utf8'),
      ) as Record<string, unknown>;
      const failures = numFailedTests === 0 ? [] : testResults;
      expect({ failures, numFailedTestSuites, numPassedTestSuites }).toEqual({
        failures: [],
        numFailedTestSuites: 0,
        numPassedTestSuites: 7,
      });
    },
    LIMIT_MS,
  );

  test(
    'a CommonJS app on the packed module reads a scan and completes an upload',
    async () => expect(await runApp(app, 'CJS', node())).toMatchObject(WHOLE),
    LIMIT_MS,
  );
});
