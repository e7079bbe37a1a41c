import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { open } from '../../src/store/embedded-postgres.js';
import { Host } from '../host.js';
import { largeRecordPdf, uploadTimes } from '../large-records.js';
import { newDataFolder } from '../shared.js';

/** A host whose heap has room for few of the records its owner keeps, let alone for all of them. */

const UPLOADS = 10;
const HEAP_MB = 160;

let folder: string;
let host: Host;
beforeEach(async () => {
  folder = await newDataFolder();
  host = new Host({
    QUIRE_DATA_DIR: folder,
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
    DOCUMENTS_AT_ONCE: '1',
    // Many at once take their time on a busy machine.
    PDF_TIME_LIMIT_MS: '600000',
    LOG_LEVEL: 'error',
  });
  await host.start();
});
afterEach(async () => {
  if (host.isRunning) await host.kill();
});

async function expectListed(ids: string[]): Promise<void> {
  for (let round = 0; round < 2; round++) {
    for (const path of ['/api/documents', '/api/costs']) {
      const [list, other] = await Promise.all([host.fetch(path), host.fetch('/about')]);
      expect([list.status, other.status]).toEqual([200, 200]);
      const { documents } = (await list.json()) as { documents: { id: string }[] };
      expect(documents.map(({ id }) => id).sort()).toEqual([...ids].sort());
    }
  }
  expect(host.isRunning).toBe(true);
}

test('lists them, as they are and as a version before left them', async () => {
  const ids = await uploadTimes(host, largeRecordPdf(), UPLOADS);
  await expectListed(ids);
  await host.stop();
  const database = await open(join(folder, 'postgres'));
  await database.query(`UPDATE quire.documents SET listing = NULL, llm_calls = NULL, input_tokens = NULL,
    output_tokens = NULL, cost_usd = NULL`);
  await database.close();
  await host.start();
  await expectListed(ids);
});
