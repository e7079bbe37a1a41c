import { mkdir, writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { samplePackage } from './package.js';

/** `npm run sample`: draws docs/sample/ anew. */

const folder = new URL('../../docs/sample/', import.meta.url);
const { pdf, ...drawn } = await samplePackage();
await mkdir(folder, { recursive: true });
await writeFile(new URL('account-package.pdf', folder), pdf);
const json = await format(JSON.stringify(drawn), { parser: 'json', printWidth: 110 });
await writeFile(new URL('account-package.json', folder), json);
console.log(`docs/sample/account-package.pdf: ${drawn.pages} pages, ${Math.ceil(pdf.length / 1024)} kB`);
