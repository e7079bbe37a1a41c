/** Holds a lock until it is ended. */
import { lockFile } from '../dist/store/folder-lock.js';

await lockFile(process.argv[2]);
process.send('held');
setInterval(() => undefined, 1_000_000);
