/** Holds a lock until it is ended. */
import { lockFile } from '../../dist/store/folder-lock.js';

await lockFile(process.argv[2]);
// What it is told would keep it alive, if it were told anything.
process.on('message', () => undefined);
process.send('held');
