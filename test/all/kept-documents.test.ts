import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import type { Accuracy } from '../../src/api/accuracy.js';
import { createQuire, Store, type StoredDocument } from '../../src/index.js';
import { readDocuments } from '../../src/evaluation/documents.js';
import { readSettings } from '../../src/settings.js';
import { open as openCluster } from '../../src/store/embedded-postgres.js';
import { runScript, type Ended } from '../command.js';
import { addRead, insertion } from '../corrections.js';
import { newDatabase, newDataFolder, newFolder, runSql } from '../shared.js';

/** `quire accuracy` and `quire golden`, as a person runs them on what a server keeps. */

const QUIRE = new URL('../../dist/cli/quire.js', import.meta.url).pathname;
const TEXTS = new Map([
  [1, 'Account Number: 12345678\nAccount Holder: Maria Keller'],
  [2, 'Account Number: 87654321\nSigned by Maria Keller on May 4, 2021'],
]);
const READ = {
  filename: 'Keller loan.pdf',
  documents: [
    {
      failed_pages: [],
      accounts: [
        {
          accountNumber: '12345678',
          result: { Account_Holders: { value: ['Maria Keller'], confidence: 90 } },
          page_data: { 1: { Account_Holders: { value: 'Maria Keller', confidence: 90 } } },
        },
      ],
    },
  ],
} as unknown as Partial<StoredDocument>;

let url: string;
let store: Store;
let folder: string;
let reviewed: string;
let unreviewed: string;
beforeAll(async () => {
  folder = await newFolder();
  url = await newDatabase();
  store = await Store.open({ url });
  reviewed = await addRead(store, TEXTS, READ);
  unreviewed = await addRead(store, TEXTS, READ);
  const said = { document: reviewed, account: '12345678' };
  await runSql(
    url,
    insertion({ ...said, field: 'Account_Holders', action: 'confirmed', read: 'Maria Keller' }),
  );
  await runSql(
    url,
    insertion({ ...said, field: 'Signed_By', action: 'corrected', read: 'Mario Keller', value: 'Signed' }),
  );
  await runSql(url, insertion({ document: unreviewed, action: 'confirmed' }));
  await runSql(url, insertion({ document: unreviewed, action: 'reopened' }));
});
afterAll(() => store.close());

function quire(
  args: string[],
  variables: Record<string, string> = { QUIRE_DATABASE_URL: url },
): Promise<Ended> {
  return runScript(QUIRE, args, folder, variables);
}

describe('quire accuracy', () => {
  test('prints a table that says what it counts', async () => {
    const { code, out, err } = await quire(['accuracy']);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain('2 values of 1 document were looked at, and 1 corrected.');
    expect(out).toContain(
      'Only values that a person looked at are counted. Doubtful ones are looked at first',
    );
    expect(out).toMatch(/^ +corrected +of +share +95 % interval$/m);
    expect(out).toMatch(
      /^By field\n {2}Signed_By +1 +1 +100 % +20\.65 % to 100 %\n {2}Account_Holders +0 +1 +0 % /m,
    );
    expect(out).toMatch(/^By path\n {2}single-page +1 +2 +50\.00 % /m);
    expect(out).toMatch(/^By answer form\n {2}not known +1 +2 /m);
  });

  test('gives the same as JSON, of so many days', async () => {
    const { code, out } = await quire(['accuracy', '--json', '--days', '7']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ days: 7, documents: 1, all: { values: 2, corrected: 1 } });
  });

  test('says so where nobody has looked', async () => {
    const { code, out } = await quire(['accuracy'], { QUIRE_DATABASE_URL: await newDatabase() });
    expect(code).toBe(0);
    expect(out).toMatch(/^Nobody confirmed or corrected a value: .* Review a document first\.$/m);
  });

  test.each([['0'], ['x'], ['1.5'], ['36501']])('refuses --days %s', async (days) => {
    expect(await quire(['accuracy', '--days', days])).toEqual({
      code: 2,
      out: '',
      err: '--days must be a whole number from 1 to 36500.\n',
    });
  });

  test('refuses an option that there is not, and tells those that there are', async () => {
    expect(await quire(['accuracy', '--weeks', '2'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Try --help.'),
    });
    expect(await quire(['accuracy', '--help'], {})).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Usage: quire accuracy /),
    });
  });

  test('is answered to ops as the same figures', async () => {
    const module = await createQuire({ store });
    const server: Server = createServer(express().use(module.router({ allowAnonymous: true })));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const response = await fetch(`${base}/ops/accuracy?days=7`);
      expect(response.headers.get('cache-control')).toBe('private, no-store');
      const answer = (await response.json()) as Accuracy;
      expect(answer).toEqual(JSON.parse((await quire(['accuracy', '--json', '--days', '7'])).out));
      for (const days of ['0', 'all', '1e3', '-1']) {
        expect((await fetch(`${base}/ops/accuracy?days=${days}`)).status).toBe(400);
      }
      const proxied = await fetch(`${base}/ops/accuracy`, { headers: { 'x-forwarded-for': '192.0.2.1' } });
      expect(proxied.status).toBe(401);
    } finally {
      server.closeAllConnections();
      server.close();
      await module.close();
    }
  });
});

describe('with the embedded database', () => {
  test('the figures of its folder are given', async () => {
    const dataDir = await newDataFolder();
    const own = await Store.open({ dataDir });
    const document = await addRead(own, TEXTS, READ);
    await own.close();
    const cluster = await openCluster(join(dataDir, 'postgres'));
    await cluster.exec(insertion({ document, action: 'confirmed' }));
    await cluster.close();
    const { code, out } = await quire(['accuracy'], { QUIRE_DATA_DIR: dataDir });
    expect(code).toBe(0);
    expect(out).toContain('1 value of 1 document were looked at');
  });

  test.each([[['accuracy']], [['golden', 'add', '00000000-0000-4000-8000-000000000000']]])(
    '%j says at once that a server has it, and what to do',
    async (args) => {
      const dataDir = await newDataFolder();
      const own = await Store.open({ dataDir });
      try {
        const { code, out, err } = await quire(args, { QUIRE_DATA_DIR: dataDir });
        expect({ code, out }).toEqual({ code: 2, out: '' });
        expect(err).toMatch(
          /^The embedded database in \S+ serves one process, and a server has it: stop the server first, .*\n$/,
        );
      } finally {
        await own.close();
      }
    },
  );

  test('a folder without one is not made one', async () => {
    const dataDir = join(await newFolder(), 'none');
    const { code, err } = await quire(['accuracy'], { QUIRE_DATA_DIR: dataDir });
    expect(code).toBe(2);
    expect(err).toMatch(/^There are no documents in the folder /);
    expect(existsSync(dataDir)).toBe(false);
  });

  test('a server that is not there is named as the cause', async () => {
    const { code, err } = await quire(['accuracy'], {
      QUIRE_DATABASE_URL: 'postgres://u:secret@127.0.0.1:9/d',
    });
    expect({ code, err }).toEqual({ code: 2, err: 'The database cannot be reached.\n' });
  });
});

describe('quire golden add', () => {
  test('writes page texts that parity reads, with nothing of the person and no name of the document', async () => {
    const { code, out, err } = await quire(['golden', 'add', reviewed, '--out', 'cases']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [file = '', ...others] = readdirSync(join(folder, 'cases'));
    expect(others).toEqual([]);
    expect(file).toMatch(/^case-[\da-f]{8}\.json$/);
    expect(out).toMatch(
      new RegExp(`^cases/${file}: 2 pages, \\d+ words and numbers replaced, \\d+ of forms kept\\. Read it `),
    );
    const [document] = await readDocuments([join(folder, 'cases', file)], readSettings({}));
    const [first = '', second = ''] = document?.texts.values() ?? [];
    expect([...(document?.texts.keys() ?? [])]).toEqual([1, 2]);
    expect(first).toMatch(/^Account Number: (?!12345678)\d{8}\nAccount Holder: [A-Z][a-z]{4} [A-Z][a-z]{5}$/);
    expect(second).toMatch(
      /^Account Number: (?!87654321)\d{8}\nSigned by [A-Z][a-z]{4} [A-Z][a-z]{5} on (?!May )[A-Z][a-z]{2,8} \d, 20\d\d$/,
    );
    expect(readFileSync(join(folder, 'cases', file), 'utf8')).not.toMatch(/Maria|Mario|Keller/i);
  });

  test('a document that nobody reviewed is refused', async () => {
    const { code, err } = await quire(['golden', 'add', unreviewed, '--out', 'none']);
    expect(code).toBe(2);
    expect(err).toMatch(/^Nobody reviewed the document .*: confirm or correct a value of it first/);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  test('so is one whose page texts were not kept', async () => {
    const forgetful = await Store.open({ url, keepsPages: false });
    const id = await addRead(forgetful, TEXTS, READ);
    await forgetful.close();
    await runSql(url, insertion({ document: id, action: 'confirmed' }));
    const { code, err } = await quire(['golden', 'add', id]);
    expect(code).toBe(2);
    expect(err).toMatch(/^The page texts of the document .* were not kept \(QUIRE_KEEP_PAGE_WORDS=0/);
  });

  test('and one that is not there, or is not named', async () => {
    for (const id of ['00000000-0000-4000-8000-000000000000', '../x']) {
      expect(await quire(['golden', 'add', id])).toEqual({
        code: 2,
        out: '',
        err: `There is no document ${JSON.stringify(id)}.\n`,
      });
    }
    for (const args of [[], ['add'], [reviewed], ['add', reviewed, '--out', '']]) {
      expect((await quire(['golden', ...args])).code).toBe(2);
    }
  });

  test('a folder that cannot be written to is named', async () => {
    const { code, err } = await quire(['golden', 'add', reviewed, '--out', '/dev/null/x']);
    expect({ code, err }).toEqual({
      code: 2,
      err: 'The folder /dev/null/x cannot be written to: ENOTDIR.\n',
    });
  });
});
