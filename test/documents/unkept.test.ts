import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import express from 'express';
import { createQuire, Store } from '../../src/index.js';
import { streamed } from '../event-stream.js';
import { goldenPdf, PRINTABLE, readSheet } from '../golden-pdf.js';
import { Provider } from '../provider.js';
import { newDatabase } from '../shared.js';
import { SILENT } from '../silent.js';

test('a record that cannot be kept is a document that failed, read once', async () => {
  const provider = await Provider.start({ read: readSheet });
  const store = await Store.open({ url: await newDatabase() });
  const finish = store.finish.bind(store);
  jest
    .spyOn(store, 'finish')
    .mockImplementation((document, events, beside) =>
      document.status === 'completed'
        ? Promise.reject(new RangeError('Invalid string length'))
        : finish(document, events, beside),
    );
  const quire = await createQuire({ store, openai: provider.client(), model: 'test-model', logger: SILENT });
  const server = createServer(express().use(quire.router({ allowAnonymous: true })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [document] = PRINTABLE;
  if (!document) throw new Error('Too few golden documents');
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(await goldenPdf(document, 'unkept'))]), 'a.pdf');
  const uploaded = await fetch(`${base}/process`, { method: 'POST', body });
  const { job_id: id } = (await uploaded.json()) as { job_id: string };
  const { events } = await streamed(`${base}/api/document/${id}/events`);
  expect(events.at(-1)).toMatchObject({
    type: 'failed',
    error: 'Keeping what was read failed unexpectedly.',
  });
  const calls = provider.calls.length;
  // Longer than it takes until documents without a process are looked for.
  await sleep(2_500);
  expect(provider.calls).toHaveLength(calls);
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
  await quire.close();
  await store.close();
  await provider.close();
});
