import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Store } from '../../src/index.js';
import { newDatabase, newFolder, runSql } from '../shared.js';
import { unread } from '../stored-document.js';
import { until } from '../until.js';

/** The search for documents of others among very many, as the database counts what it reads for that. */

const DOCUMENTS = 100_000;
const AT_ONCE = 25;
const ROUNDS = 4;

interface Counted {
  added: string;
  by_scan: string;
  by_index: string;
}

test('documents of all owners are read a few at a time, wherever a search has come to', async () => {
  const url = await newDatabase();
  const first = await Store.open({ url });
  const pdf = join(await newFolder(), 'a.pdf');
  writeFileSync(pdf, '%PDF-1.7');
  const document = { ...unread(), status: 'failed' as const };
  const added = { document, owner: 'user:anna', sender: {}, plan: { path: 'single-page' } } as const;
  await first.add(added, pdf, [], { run: randomUUID() });
  await first.close();
  await runSql(
    url,
    `INSERT INTO quire.documents (id, listing, document, status, owner, sender, plan, version, uploaded_at)
     SELECT gen_random_uuid(), listing, document, status, 'user:' || number % 9, sender, plan, version,
       uploaded_at - number % 50000 * interval '1 second'
     FROM quire.documents, generate_series(1, ${DOCUMENTS}) AS number`,
  );
  await runSql(url, 'ANALYZE quire.documents');
  const readSoFar = async () => {
    const [row] = await runSql<Counted>(
      url,
      `SELECT n_tup_ins AS added, seq_tup_read AS by_scan, coalesce(idx_tup_fetch, 0) AS by_index FROM pg_stat_user_tables
       WHERE schemaname = 'quire' AND relname = 'documents'`,
    );
    return { added: Number(row?.added), byScan: Number(row?.by_scan), byIndex: Number(row?.by_index) };
  };
  // It is counted at the latest when the connection is closed.
  const before = await until('what was copied is counted', async () => {
    const read = await readSoFar();
    return read.added > DOCUMENTS && read;
  });

  const store = await Store.open({ url });
  let after: string | undefined;
  const middle = `${(Date.now() - 25_000_000) * 1_000}_${randomUUID()}`;
  for (let round = 0; round < ROUNDS; round++) {
    const candidates = await store.candidates({ limit: AT_ONCE, after, search: { name: 'nowhere' } });
    expect(candidates).toHaveLength(AT_ONCE);
    expect(candidates?.filter(({ isFound }) => isFound)).toEqual([]);
    after = round === 1 ? middle : candidates?.at(-1)?.place;
  }
  await store.close();
  const least = before.byIndex + AT_ONCE * ROUNDS;
  const now = await until('what was looked at is counted', async () => {
    const read = await readSoFar();
    return read.byIndex + read.byScan >= least + before.byScan && read;
  });
  expect(now.byScan - before.byScan).toBeLessThan(DOCUMENTS / 100);
  expect(now.byIndex - before.byIndex).toBeLessThan(10 * AT_ONCE * ROUNDS);
});
