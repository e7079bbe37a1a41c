import { expect, test } from '@jest/globals';
import { changedBy, hostilePackages, WORDINGS } from '../hostile-pages.js';

test('an obedient model changes no other page of 400 packages, but for a field it hides for a page without a sign', async () => {
  expect(WORDINGS.length).toBeGreaterThan(200);
  expect(await changedBy(hostilePackages(400, 20_261_128))).toEqual([]);
});
