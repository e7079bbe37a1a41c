import { open } from './embedded-postgres.js';

/** Makes an empty cluster in the folder it is given, and ends. */
const [, , folder] = process.argv;
if (!folder) throw new Error('expected a folder');
await (await open(folder)).close();
