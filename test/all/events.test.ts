import { expect, test } from '@jest/globals';
import { statementsFor } from '../watched-documents.js';

test('50 documents of 20 pages: who is cut off five times misses nothing, and watchers cost no statements', async () => {
  // Now and then for a document that has ended, and not for each of 1,500 times that somebody comes.
  expect(await statementsFor(5, 50)).toBeLessThanOrEqual(100);
});
