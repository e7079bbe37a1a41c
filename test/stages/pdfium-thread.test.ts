import { Worker } from 'node:worker_threads';
import { expect, jest, test } from '@jest/globals';
import { FairTurns, type Party } from '../../src/fair-turns.js';
import { compiledPdfium } from '../../src/stages/pdfium.js';
import { PdfiumThread } from '../../src/stages/pdfium-thread.js';
import { memoryBomb, rawPdf, type RawPage } from '../pdf-fixtures.js';

/** Memory that one thread at a time may take. */

const PLAIN: RawPage = { content: 'BT /F1 12 Tf 50 700 Td (A sound page with text enough) Tj ET' };
/** Laying it out takes more memory than every thread has. */
const LONG: RawPage = {
  content: `BT /F1 1 Tf 1 TL 20 780 Td ${`(${'word '.repeat(300)}) Tj T* `.repeat(15)} ET`,
  mediaBox: [0, 0, 1_000, 792],
};
const memory = { usualMb: 24, moreMb: 24 };
const other: Party = { owner: 'other', document: 'other' };
const never = new AbortController().signal;

/** Turns that tell when somebody asks for one. */
class ToldTurns extends FairTurns {
  onAsked: () => void = () => undefined;
  asked = 0;

  override run<T>(party: Party, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const turn = super.run(party, work, signal);
    this.asked++;
    this.onAsked();
    return turn;
  }
}

async function thread(pdf: Uint8Array, moreMemory: FairTurns, signal = never): Promise<PdfiumThread> {
  const party = { owner: 'one', document: '1' };
  return new PdfiumThread(pdf, await compiledPdfium(), {
    timeLimitMs: 60_000,
    memory,
    moreMemory,
    party,
    signal,
  });
}

/** Takes the turn until it is told to give it back, and tells when the next asks. */
function held(turns: ToldTurns): { giveBack: () => void; nextAsks: Promise<void> } {
  let giveBack: () => void = () => undefined;
  void turns.run(other, () => new Promise<void>((resolve) => (giveBack = resolve)), never);
  const nextAsks = new Promise<void>((resolve) => (turns.onAsked = resolve));
  return { giveBack: () => giveBack(), nextAsks };
}

test('a usual document asks for none of it', async () => {
  const turns = new ToldTurns(1);
  const pdfium = await thread(rawPdf([PLAIN, PLAIN]), turns);
  expect((await pdfium.text(1))?.text).toBe('A sound page with text enough');
  await pdfium.end();
  expect(turns.asked).toBe(0);
});

test('who needs it waits while another thread has it, and has it until it has ended', async () => {
  const turns = new ToldTurns(1);
  const { giveBack, nextAsks } = held(turns);
  const pdfium = await thread(rawPdf([LONG]), turns);
  const order: string[] = [];
  const text = pdfium.text(1).finally(() => order.push('answered'));
  await nextAsks;
  order.push('given back');
  giveBack();
  expect((await text)?.text).toHaveLength(22_499);
  expect(order).toEqual(['given back', 'answered']);
  expect(turns.isTaken).toBe(true);
  await pdfium.end();
  expect(turns.isTaken).toBe(false);
});

test('an abort ends the waiting, and the thread by itself', async () => {
  const terminate = jest.spyOn(Worker.prototype, 'terminate');
  const turns = new ToldTurns(1);
  const { giveBack, nextAsks } = held(turns);
  const stop = new AbortController();
  const pdfium = await thread(memoryBomb(), turns, stop.signal);
  const text = pdfium.text(1);
  await nextAsks;
  stop.abort(new Error('no longer wanted'));
  await expect(text).rejects.toThrow('no longer wanted');
  await pdfium.end();
  giveBack();
  expect(turns.asked).toBe(2);
  expect(terminate).not.toHaveBeenCalled();
  terminate.mockRestore();
});

test('after a page that ends its thread the others are read, in memory of their own', async () => {
  const turns = new ToldTurns(1);
  const pdfium = await thread(memoryBomb([PLAIN, PLAIN]), turns);
  expect(await pdfium.open()).toBe(3);
  const texts = [await pdfium.text(1), await pdfium.text(2), await pdfium.text(3), await pdfium.text(2)];
  const read = 'A sound page with text enough';
  expect(texts.map((page) => page?.text)).toEqual([undefined, read, read, read]);
  await pdfium.end();
});
