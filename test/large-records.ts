import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from './host.js';
import { rawPdf } from './pdf-fixtures.js';

/** A PDF of 190 kB, 150 pages of 190 labelled values each, whose record takes 4.6 MB. */
export function largeRecordPdf(): Uint8Array {
  return rawPdf(
    Array.from({ length: 150 }, (_, page) => {
      const values = Array.from(
        { length: 190 },
        (_, index) => `(Fld p${page}x${index}: value ${page} ${index} ${'v'.repeat(25)}) Tj T*`,
      );
      return { content: `BT /F1 3 Tf 3.8 TL 40 750 Td\n${values.join('\n')}\nET` };
    }),
  );
}

/** Uploads the same file again and again, as its host has room, and waits until all are read. */
export async function uploadTimes(host: Host, pdf: Uint8Array, times: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < times) {
    const { id, code } = await host.upload(pdf);
    if (id !== undefined) ids.push(id);
    else if (code === 503) await sleep(500);
    else throw new Error(`An upload was answered with ${code}`);
  }
  for (const id of ids) {
    const { status, detailed_message: message } = await host.finished(id, 200);
    if (status !== 'completed') throw new Error(`A document was not read: ${message}`);
  }
  return ids;
}
