import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

/** Each test file keeps its documents in a folder of its own: one process at a time can use one. */
process.env.QUIRE_DATA_DIR = join(process.env.QUIRE_TESTS_DIR ?? '', randomUUID());
