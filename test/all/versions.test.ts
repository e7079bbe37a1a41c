import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { goldenPdf, PRINTABLE, readSheet } from '../golden-pdf.js';
import type { Host } from '../host.js';
import { hostWith, testKeptBy } from '../kept-versions.js';
import { Provider } from '../provider.js';
import { newDatabase, runSql } from '../shared.js';

/** The versions before the one that `npm test` tries, and later ones. */

testKeptBy('store-0.1.0');

describe('a document that a later version has written', () => {
  const [golden] = PRINTABLE;
  let provider: Provider;
  let url: string;
  let host: Host;
  beforeEach(async () => {
    provider = await Provider.start({ read: readSheet });
    url = await newDatabase();
    host = hostWith(provider, { QUIRE_DATABASE_URL: url });
    await host.start();
  });
  afterEach(async () => {
    await host.stop();
    await provider.close();
  });

  async function upload(copy: string): Promise<string | undefined> {
    return golden && (await host.upload(await goldenPdf(golden, copy))).id;
  }

  test('is not taken up, while those of this version are', async () => {
    provider.behaviour.fault = () => 'silence';
    const ids = [await upload('later'), await upload('now')];
    while (provider.waiting < 2) await sleep(20);
    await host.kill();
    await runSql(url, `UPDATE quire.documents SET version = 1000 WHERE id = '${ids[0]}'`);
    delete provider.behaviour.fault;
    await host.start();
    expect((await host.finished(ids[1])).status).toBe('completed');
    expect((await host.status(ids[0])).status).toBe('extracting');
  });

  test('is shown, and is not asked again for what failed', async () => {
    provider.behaviour.fault = () => 'refusal';
    const id = await upload('failed');
    expect((await host.finished(id)).status).toBe('failed');
    await runSql(url, 'UPDATE quire.documents SET version = 1000');
    const retry = await host.fetch(`/api/document/${id}/retry`, { method: 'POST' });
    expect([retry.status, await retry.json()]).toEqual([
      409,
      {
        success: false,
        message: 'A later version of Quire has written the document; this one cannot read it',
      },
    ]);
    expect((await host.status(id)).status).toBe('failed');
  });
});
