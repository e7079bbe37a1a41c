import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { UploadFolder } from '../../src/http/upload-folder.js';
import { newFolder } from '../shared.js';
import { SILENT } from '../silent.js';

/** The folder of arriving uploads is one Quire's alone, whatever another user of the machine does. */

let dataDir: string;
const opened: UploadFolder[] = [];
beforeEach(async () => {
  dataDir = await newFolder();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((folder) => folder.close()));
});

function uploadFolder(): UploadFolder {
  const folder = new UploadFolder(dataDir, SILENT);
  opened.push(folder);
  return folder;
}

async function write(folder: UploadFolder, text = 'a PDF'): Promise<string> {
  const { path, file } = await folder.newFile();
  await file.writeFile(text);
  await file.close();
  return path;
}

const folders = () => readdirSync(dataDir).filter((name) => name.startsWith('uploads-'));
const mode = (path: string) => lstatSync(path).mode & 0o777;
const isRoot = process.getuid?.() === 0;
const rootTest = isRoot ? test : test.skip;

function asNobody(command: string): string {
  const args = ['--reuid=65534', '--regid=65534', '--clear-groups', 'sh', '-c', `${command} 2>&1 || true`];
  return execFileSync('setpriv', args).toString();
}

test('it and its files are for this user alone, and go when it is closed', async () => {
  const folder = uploadFolder();
  const path = await write(folder);
  expect([mode(dirname(path)), mode(path)]).toEqual([0o700, 0o600]);
  await folder.close();
  expect(folders()).toEqual([]);
  await expect(folder.newFile()).rejects.toThrow(/shutting down/);
});

rootTest('another user can neither see what arrives nor change it, nor make the folder first', async () => {
  // In a folder that everybody may write to, which the data folder should not be.
  dataDir = mkdtempSync(join(tmpdir(), 'everybody-'));
  chmodSync(dataDir, 0o1777);
  asNobody(`mkdir -m 777 ${dataDir}/uploads-before; touch ${dataDir}/uploads-before/lock`);
  const path = await write(uploadFolder());
  expect(path).not.toContain('uploads-before');
  const attempts = [
    `ls ${dirname(path)}`,
    `cat ${path}`,
    `mv ${path} ${dataDir}/stolen`,
    `mv ${dirname(path)} ${dataDir}/x`,
  ];
  for (const attempt of attempts) expect(asNobody(attempt)).toMatch(/denied|not permitted/);
  expect(existsSync(path)).toBe(true);
  expect(existsSync(join(dataDir, 'uploads-before'))).toBe(true);
  rmSync(dataDir, { recursive: true });
});

test('it is made anew when it is gone, and when something else is in its place', async () => {
  const folder = uploadFolder();
  const first = dirname(await write(folder));
  rmSync(first, { recursive: true });
  const second = dirname(await write(folder));
  expect(second).not.toBe(first);
  rmSync(second, { recursive: true });
  const elsewhere = await newFolder();
  symlinkSync(elsewhere, second);
  const third = dirname(await write(folder));
  rmSync(third, { recursive: true });
  mkdirSync(third, { mode: 0o700 });
  const fourth = dirname(await write(folder));
  chmodSync(fourth, 0o755);
  const fifth = dirname(await write(folder));
  expect(new Set([first, second, third, fourth, fifth]).size).toBe(5);
  expect(readdirSync(elsewhere)).toEqual([]);
});

test('it is made once for all who come at the same time', async () => {
  const folder = uploadFolder();
  const paths = await Promise.all(Array.from({ length: 20 }, () => write(folder)));
  expect(new Set(paths).size).toBe(20);
  expect(folders()).toHaveLength(1);
});

test('two Quires of one process leave each other’s alone', async () => {
  const [one, two] = [uploadFolder(), uploadFolder()];
  const first = await write(one);
  const second = await write(two);
  expect(dirname(first)).not.toBe(dirname(second));
  await two.close();
  expect(existsSync(first)).toBe(true);
  await uploadFolder().open();
  expect(existsSync(first)).toBe(true);
});

test('what a process that was killed has left is removed, and nothing of one that lives', async () => {
  const url = new URL('../../dist/http/upload-folder.js', import.meta.url).href;
  const script = `
    const { UploadFolder } = await import(${JSON.stringify(url)});
    const silent = () => undefined;
    const folder = new UploadFolder(${JSON.stringify(dataDir)}, { info: silent, warn: silent, error: silent });
    const { path } = await folder.newFile();
    process.stdout.write(path);
    setInterval(silent, 60_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [path] = (await once(child.stdout, 'data')) as [Buffer];
  await uploadFolder().open();
  expect(existsSync(path.toString())).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'close');
  await uploadFolder().open();
  expect(existsSync(dirname(path.toString()))).toBe(false);
});

test('what only looks abandoned is left: a link, a folder that others may enter, another name', async () => {
  const elsewhere = await newFolder();
  writeFileSync(join(elsewhere, 'kept'), '');
  chmodSync(elsewhere, 0o700);
  symlinkSync(elsewhere, join(dataDir, 'uploads-link'));
  mkdirSync(join(dataDir, 'uploads-open'), { mode: 0o755 });
  mkdirSync(join(dataDir, 'postgres'), { mode: 0o700 });
  await uploadFolder().open();
  expect(readdirSync(elsewhere)).toEqual(['kept']);
  expect(readdirSync(dataDir)).toEqual(expect.arrayContaining(['postgres', 'uploads-link', 'uploads-open']));
});

rootTest('a folder of another user is left', async () => {
  const others = join(dataDir, 'uploads-others');
  mkdirSync(others, { mode: 0o700 });
  chownSync(others, 65_534, 65_534);
  await uploadFolder().open();
  expect(existsSync(others)).toBe(true);
});

test('where it cannot be made, the log says what to do, and it is tried again with the next upload', async () => {
  const parent = await newFolder();
  dataDir = join(parent, 'data');
  writeFileSync(dataDir, 'a file in the way');
  const lines: object[] = [];
  const log = (fields: object, message: string) => void lines.push({ ...fields, message });
  const folder = new UploadFolder(dataDir, { info: log, warn: log, error: log });
  opened.push(folder);
  await folder.open();
  expect(lines).toMatchObject([{ what_to_do: expect.stringMatching(/QUIRE_DATA_DIR/) }]);
  await expect(folder.newFile()).rejects.toThrow();
  rmSync(dataDir);
  expect(existsSync(await write(folder))).toBe(true);
});
