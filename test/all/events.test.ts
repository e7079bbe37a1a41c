import { expect, test } from '@jest/globals';
import { statementsFor } from '../watched-documents.js';

test('50 documents of 20 pages: who is cut off five times misses nothing, and watchers cost no statements', async () => {
  const forOne = await statementsFor(1, 50);
  expect(await statementsFor(5, 50)).toBeLessThanOrEqual(forOne);
});
