import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Whose packages may hold the data: Quire's own, and the app's. */
const FROM = [import.meta.url, join(process.cwd(), 'package.json')];

/** The packages of data, of languages like `eng+deu`, that are not installed. */
export function missingLanguages(languages: string): string[] {
  const missing = eachOf(languages).filter((language) => languageData(language) === undefined);
  return missing.map((language) => `@tesseract.js-data/${language}`);
}

function eachOf(languages: string): string[] {
  return [...new Set(languages.split('+'))];
}

/** The data of a language; undefined where it is not installed. */
function languageData(language: string): string | undefined {
  for (const from of FROM) {
    try {
      const found = createRequire(from).resolve(`@tesseract.js-data/${language}/package.json`);
      const file = join(dirname(found), '4.0.0_best_int', `${language}.traineddata.gz`);
      if (existsSync(file)) return file;
    } catch {
      // The next one may have it.
    }
  }
  return undefined;
}

/**
 * Does work with a folder that holds the data of these languages: tesseract.js takes one for all.
 *
 * @param languages - like `eng+deu`
 * @throws when the data of one is missing: tesseract.js would wait for ever, and leave a thread behind
 */
export async function withLanguages<T>(languages: string, work: (folder: string) => Promise<T>): Promise<T> {
  const files = eachOf(languages).map((language) => {
    const file = languageData(language);
    if (file === undefined) throw new Error(`@tesseract.js-data/${language} is not installed`);
    return file;
  });
  const [only, ...more] = files;
  if (only !== undefined && more.length === 0) return work(dirname(only));
  const folder = await mkdtemp(join(tmpdir(), 'quire-ocr-'));
  try {
    await Promise.all(files.map((file) => symlink(file, join(folder, basename(file)))));
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
