import { describe, expect, test } from '@jest/globals';
import { Store } from '../../src/index.js';
import { newDatabase, runSql } from '../shared.js';
import { testKeptBy } from '../kept-versions.js';

/** What other versions of Quire left behind, or leave beside this one. */

testKeptBy('store-0.2.0');

describe('migrations', () => {
  test('that have run are what they were', async () => {
    const url = await newDatabase();
    await (await Store.open({ url })).close();
    // A change of one of these makes every database unusable: add a migration instead.
    expect(await runSql(url, 'SELECT number, hash FROM quire.migrations ORDER BY number')).toEqual([
      { number: 0, hash: '3bb57ae3caa830bfa2a494294ac0b14baa9df75597c5a624b7469c9ca0066b53' },
      { number: 1, hash: 'a55d50431de6d8297595ed6f287a2f895f5dae7bf8f95c72eadb52fb9a312a68' },
      { number: 2, hash: 'a14e95b3e4a573321a2e5dcde0092bc339c24fcf3fc0479eb02d73b736049b09' },
      { number: 3, hash: 'd4c08a6af70af1f4fdf19a672233748b35d99399da0e81c190b84949761f3b38' },
      { number: 4, hash: '7ddc569d0ab196f662ef5b93f19aaad13866ba47beb126f8a355f079526a567e' },
      { number: 5, hash: '658888aabdee0539b3c249e0c1cdb29dffd89a0cd676a833ff0d4c1fcf2f25b9' },
      { number: 6, hash: 'a9782c656dc62d9c6df654c343b4f3087b42277abd1b805ca3f8de8028b21543' },
      { number: 7, hash: 'f9d92780429496be98d373cd2f6a33fdd2bbb2b1a71a6c2e21d715730a1f3e79' },
    ]);
  });

  test('that were changed since they have run keep the store shut, and say so', async () => {
    const url = await newDatabase();
    await (await Store.open({ url })).close();
    await runSql(url, `UPDATE quire.migrations SET hash = 'another' WHERE number = 1`);
    await expect(Store.open({ url })).rejects.toMatchObject({
      name: 'StoreError',
      trouble: 'changed_migration',
      message: expect.stringContaining('Start the build that was used before'),
    });
    await runSql(url, `UPDATE quire.migrations SET hash = NULL WHERE number = 0`);
    await expect(Store.open({ url })).rejects.toMatchObject({ trouble: 'changed_migration' });
  });

  test('of later versions are left to those', async () => {
    const url = await newDatabase();
    await (await Store.open({ url })).close();
    await runSql(url, `INSERT INTO quire.migrations (number, hash) VALUES (1000, 'later')`);
    await (await Store.open({ url })).close();
    expect(await runSql(url, 'SELECT hash FROM quire.migrations WHERE number = 1000')).toEqual([
      { hash: 'later' },
    ]);
  });

  test('run once, however many processes start', async () => {
    const url = await newDatabase();
    const stores = await Promise.all([1, 2, 3].map(() => Store.open({ url })));
    await Promise.all(stores.map((store) => store.close()));
    const ran = await runSql<{ number: number }>(url, 'SELECT number FROM quire.migrations ORDER BY number');
    expect(ran.map(({ number }) => number)).toEqual([...ran.keys()]);
  });
});
