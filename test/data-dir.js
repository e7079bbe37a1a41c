import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

/** Where a test file's documents would go that names no store: never into the folder of the repository. */
process.env.QUIRE_DATA_DIR = join(process.env.TESTS_DIR, randomUUID());
