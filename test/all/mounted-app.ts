import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { EMBEDDED_MODEL_ID, startEmbeddedModel } from '../../src/embedded-model/service.js';
import type { DocumentRecord } from '../../src/index.js';
import { lines, makePdf, scanOf } from '../pdf-fixtures.js';
import { ROOT } from './package.js';

/** An app on the installed package, as an ES module or as CommonJS. */
export type AppKind = 'ESM' | 'CJS';

const FILE: Record<AppKind, string> = { ESM: 'app.mjs', CJS: 'app.cjs' };

const HEAD: Record<AppKind, string> = {
  ESM: `
import { readFile } from 'node:fs/promises';
import express from 'express';
import OpenAI from 'openai';
import { createQuire } from 'quire';
`,
  CJS: `
const { readFile } = require('node:fs/promises');
const express = require('express');
const OpenAI = require('openai');
const { createQuire } = require('quire');
`,
};

/** Reads a scan with the embedded model, then serves uploads with a client of its own and the embedded store. */
const MAIN = `
async function main() {
  const embedded = await createQuire();
  const record = await embedded.processPdf(await readFile('scan.pdf'));
  await embedded.close();

  const openai = new OpenAI({ apiKey: 'none', baseURL: process.env.MODEL_URL });
  const quire = await createQuire({ openai, model: process.env.MODEL });
  const app = express();
  app.use((request, response, next) => {
    request.user = { id: request.get('x-user') };
    next();
  });
  app.use('/quire', quire.router());
  const server = app.listen(0, '127.0.0.1', () => {
    console.log(JSON.stringify({ port: server.address().port, record }));
  });
  process.once('SIGTERM', async () => {
    server.close();
    await quire.close();
    console.log('closed');
  });
}
main();
`;

/** What became of a scan read without HTTP, of an uploaded sample, and of the app told to end. */
export interface AppRun {
  scan: DocumentRecord;
  upload: { status: string; is_complete: boolean; result?: { documents: object[] } };
  exitCode: number | null;
  lastLine: string;
}

/** A run in which nothing went wrong. */
export const WHOLE = {
  scan: { ocr_pages: [1], failed_pages: [], accounts: [{ accountNumber: '12345678' }] },
  upload: {
    status: 'completed',
    result: { documents: [{ document: { result: { Total_Savings_Accounts: { value: '$53,578.24' } } } }] },
  },
  exitCode: 0,
  lastLine: 'closed',
};

/**
 * Runs an app in a folder in which the package, Express and `openai` are installed.
 *
 * @param node the binary of the Node.js version
 */
export async function runApp(folder: string, kind: AppKind, node = process.execPath): Promise<AppRun> {
  const scan = await scanOf(lines('ACCOUNT NUMBER: 12345678', 'Branch: Main Street'));
  writeFileSync(join(folder, 'scan.pdf'), await makePdf([{ scan }]));
  writeFileSync(join(folder, FILE[kind]), HEAD[kind] + MAIN);
  rmSync(join(folder, '.quire'), { recursive: true, force: true });
  const model = await startEmbeddedModel();
  const app = spawn(node, [FILE[kind]], {
    cwd: folder,
    env: { PATH: process.env.PATH, MODEL_URL: model.baseURL, MODEL: EMBEDDED_MODEL_ID },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    const errors: string[] = [];
    app.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
    const output = createInterface({ input: app.stdout })[Symbol.asyncIterator]();
    const first = await output.next();
    if (first.done) throw new Error(`The app ended before it listened: ${errors.join('')}`);
    const { port, record } = JSON.parse(first.value) as { port: number; record: DocumentRecord };
    const upload = await uploadSample(`http://127.0.0.1:${port}/quire`);
    const exited = once(app, 'exit');
    app.kill('SIGTERM');
    let lastLine = '';
    for await (const line of output) lastLine = line;
    const [exitCode] = (await exited) as [number | null];
    return { scan: record, upload, exitCode, lastLine };
  } finally {
    app.kill('SIGKILL');
    await model.close();
  }
}

async function uploadSample(base: string): Promise<AppRun['upload']> {
  const headers = { 'x-user': 'ann' };
  const body = new FormData();
  const sample = await readFile(join(ROOT, 'test/samples/bank-statement-multipage.pdf'));
  body.set('file', new Blob([Uint8Array.from(sample)]), 'statement.pdf');
  const response = await fetch(`${base}/process`, { method: 'POST', body, headers });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  const { job_id: id } = (await response.json()) as { job_id: string };
  for (;;) {
    const status = await fetch(`${base}/status/${id}`, { headers });
    const upload = (await status.json()) as AppRun['upload'];
    if (upload.is_complete) return upload;
    await sleep(100);
  }
}
