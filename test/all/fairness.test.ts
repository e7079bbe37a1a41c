import { expect, test } from '@jest/globals';
import { streamed } from '../event-stream.js';
import { lines, makePdf, noisyScans } from '../pdf-fixtures.js';
import { mount } from '../watched-documents.js';

/** One owner's scans, long and many, beside another's single page. */

test.each([1, 20])(
  'with places for %i documents, a page of text is read before the tenth page of a scan that came before, with twenty more of its owner',
  async (places) => {
    const { base, of, close } = await mount(
      { read: () => [{ name: 'Branch', value: 'Main', confidence: 90 }] },
      { settings: { DOCUMENTS_AT_ONCE: places, SHUTDOWN_GRACE_MS: 0, OCR_TIME_LIMIT_MS: 10_000 } },
    );
    const upload = async (user: string, pdf: Uint8Array) => {
      const body = new FormData();
      body.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
      const answer = await fetch(`${base}/process`, { method: 'POST', body, headers: { 'x-user': user } });
      expect(answer.status).toBe(200);
      return ((await answer.json()) as { job_id: string }).job_id;
    };
    const scans = noisyScans(500);
    const first = await upload('anna', scans);
    // Before its pages it was accepted, its stage has begun, and they were counted.
    const tenth = streamed(of(first), { headers: { 'x-user': 'anna' }, most: 13 }).then(
      ({ events }) => events,
    );
    // It is cut off at the end.
    tenth.catch(() => undefined);
    for (let more = 0; more < 20; more++) await upload('anna', scans);
    const page = await makePdf([{ texts: lines('ACCOUNT NUMBER: 12345678', 'Branch: Main') }]);
    const text = await upload('berta', page);
    const read = streamed(of(text), { headers: { 'x-user': 'berta' } }).then(({ events }) => events);
    const earlier = await Promise.race([read, tenth]);
    expect(earlier.at(-1)).toMatchObject({ type: 'completed', failed_pages: 0 });
    await close();
  },
);
