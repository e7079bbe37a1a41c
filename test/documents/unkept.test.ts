import { setTimeout as sleep } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { streamed } from '../event-stream.js';
import { goldenPdf, PRINTABLE } from '../golden-pdf.js';
import { newStore } from '../shared.js';
import { mount } from '../watched-documents.js';

test('a record that cannot be kept is a document that failed, read once', async () => {
  const store = await newStore();
  const finish = store.finish.bind(store);
  jest
    .spyOn(store, 'finish')
    .mockImplementation((document, events, beside) =>
      document.status === 'completed'
        ? Promise.reject(new RangeError('Invalid string length'))
        : finish(document, events, beside),
    );
  const { provider, upload, of, close } = await mount({}, { store });
  const [document] = PRINTABLE;
  if (!document) throw new Error('Too few golden documents');
  const { events } = await streamed(of(await upload(await goldenPdf(document, 'unkept'))));
  expect(events.at(-1)).toMatchObject({
    type: 'failed',
    error: 'Keeping what was read failed unexpectedly.',
  });
  const calls = provider.calls.length;
  // Longer than it takes until documents without a process are looked for.
  await sleep(2_500);
  expect(provider.calls).toHaveLength(calls);
  await close();
  await store.close();
});
