import { rmSync } from 'node:fs';

export default function tearDown(): void {
  rmSync(process.env.TESTS_DIR ?? '', { recursive: true, force: true });
}
