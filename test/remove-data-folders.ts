import { rmSync } from 'node:fs';

export default function tearDown(): void {
  rmSync(process.env.QUIRE_TESTS_DIR ?? '', { recursive: true, force: true });
}
