import { afterEach, expect, jest, test } from '@jest/globals';
import { PageReader, type ReadOptions } from '../../src/stages/page-texts.js';
import { streamed } from '../event-stream.js';
import { lines, makePdf, rawPdf, WHITE_PICTURE } from '../pdf-fixtures.js';
import { mount, readNumber, type Mounted } from '../watched-documents.js';

/** Owners take turns at the places where documents are read. */

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const close of closing.splice(0).reverse()) await close();
});

async function oneAtOnce(): Promise<Mounted> {
  const mounted = await mount({ read: readNumber }, { settings: { DOCUMENTS_AT_ONCE: 1 } });
  closing.push(() => mounted.close());
  return mounted;
}

async function upload(base: string, user: string, pdf: Uint8Array): Promise<string> {
  const body = new FormData();
  body.set('file', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
  const answer = await fetch(`${base}/process`, { method: 'POST', body, headers: { 'x-user': user } });
  return ((await answer.json()) as { job_id: string }).job_id;
}

async function lastOf({ of }: Mounted, user: string, id: string) {
  return (await streamed(of(id), { headers: { 'x-user': user } })).events.at(-1);
}

const textOf = (name: string) => makePdf([{ texts: lines('ACCOUNT NUMBER: 12345678', `Sheet of ${name}`) }]);

test('a document that waits for OCR holds no place of another', async () => {
  const mounted = await oneAtOnce();
  let read: () => void = () => undefined;
  const scans = new Promise<never>((resolve) => (read = resolve as () => void));
  const whole = Reflect.get<PageReader, 'read'>(PageReader.prototype, 'read');
  jest.spyOn(PageReader.prototype, 'read').mockImplementation(function (this: PageReader, pdf, options) {
    const held: ReadOptions['aside'] = () => (options?.aside ?? ((work) => work()))(() => scans);
    return whole.call(this, pdf, { ...options, aside: held });
  });
  const scan = await upload(mounted.base, 'anna', rawPdf([{ content: WHITE_PICTURE }]));
  const text = await upload(mounted.base, 'berta', await textOf('B'));
  expect(await lastOf(mounted, 'berta', text)).toMatchObject({ type: 'completed', total_pages: 1 });
  const shown = await fetch(mounted.of(scan), { headers: { 'x-user': 'anna' } });
  expect(await shown.json()).toMatchObject({ is_complete: false });
  read();
  expect(await lastOf(mounted, 'anna', scan)).toMatchObject({ total_pages: 1 });
});

test('the next document read is another owner’s; one that fails gives its place back', async () => {
  const mounted = await oneAtOnce();
  const { provider, base } = mounted;
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  provider.behaviour.delay = () => answered;
  const ids = [await upload(base, 'anna', await textOf('A0'))];
  await provider.called(1);
  ids.push(await upload(base, 'anna', Buffer.from('%PDF-1.7\nnothing of a PDF')));
  ids.push(await upload(base, 'anna', await textOf('A1')), await upload(base, 'anna', await textOf('A2')));
  const other = await upload(base, 'berta', await textOf('B0'));
  answer();
  await Promise.all([lastOf(mounted, 'berta', other), ...ids.map((id) => lastOf(mounted, 'anna', id))]);
  const asked = provider.calls.map(({ pages: [page] }) => /of (\w+)/.exec(page?.text ?? '')?.[1]);
  expect(asked).toEqual(['A0', 'B0', 'A1', 'A2']);
});
