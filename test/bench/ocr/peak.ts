import { readFile } from 'node:fs/promises';
import type * as PageTexts from '../../../src/stages/page-texts.js';
import { built } from '../built.js';

/** In a process of its own: prints the megabytes that it took at most while it read some PDFs with a checkout. */
const [root = '', ...files] = process.argv.slice(2);
const { PageReader } = await built<typeof PageTexts>('stages/page-texts.js', root);
const reader = new PageReader();
for (const file of files) await reader.read(await readFile(file));
await reader.close();
process.stdout.write(`${Math.round(process.resourceUsage().maxRSS / 1_024)}\n`);
