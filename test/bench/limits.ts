import { most, pages, quireFor, serviceWith, shareUsed, Window, type Kept } from '../limited-service.js';
import type { Call } from '../provider.js';
import { TokenBucket } from '../token-bucket.js';
import { atMost } from './figures.js';

const MINUTE_MS = 800;
const BUCKETS: [string, 'requests' | 'tokens', number, (call: Call) => number][] = [
  ['requests', 'requests', 20, () => 1],
  ['the most an answer may take', 'tokens', 130_000, most],
  ['what was really used', 'tokens', 22_000, () => 1_100],
];

/** Calls far beyond a service's rate limit: how many it turns down, and how much of its limit is used. */
export async function limits(): Promise<void> {
  for (const [charged, of, size, charge] of BUCKETS) {
    const bucket = new TokenBucket(size, MINUTE_MS);
    const service = await read(of, bucket, charge, 8, 45);
    atMost(4, `calls rejected, where ${charged} counts`, service.rejected.length);
    atMost(0.1, 'share of the limit left unused', 1 - shareUsed(service, bucket));
  }
  const wave = await read('requests', new TokenBucket(8, 240), () => 1, 20, 40);
  const [first = NaN] = wave.rejected;
  const afterWave = wave.rejected.filter((at) => at > first + 100).length;
  atMost(4, 'calls rejected after a first wave that was', afterWave);
  const windowMs = 600;
  const windows = await read('requests', new Window(15, windowMs), () => 1, 20, 56);
  const started = windows.letIn[0]?.at ?? NaN;
  const late = windows.rejected.filter((at) => at > started + 2 * windowMs).length;
  atMost(5, 'calls rejected after two windows that end all at once', late);
}

async function read(
  of: 'requests' | 'tokens',
  limit: Kept,
  charge: (call: Call) => number,
  calls: number,
  count: number,
) {
  const service = await serviceWith(of, limit, charge);
  const quire = await quireFor(service, calls);
  await quire.processPages(pages(count));
  await quire.close();
  await service.provider.close();
  return service;
}
