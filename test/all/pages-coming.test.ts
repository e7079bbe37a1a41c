import { test } from '@jest/globals';
import { documentsKeepTheirRecords } from '../pages-coming.js';

test('5,000 documents have the records of the whole, in no more calls, whatever the order of reading', () =>
  documentsKeepTheirRecords(5_000));
