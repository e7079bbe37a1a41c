/**
 * `npm run demo`: a server with the sample package in it, read. Everybody who opens it is one demo person, so it listens
 * on this machine alone, and what it keeps is gone when it ends. It reads by rule and asks no model service.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import helmet from 'helmet';
import { knownHosts } from '../dist/http/known-hosts.js';

const { fetch, File, FormData } = globalThis;
const NAME = 'account-package.pdf';
const HOST = '127.0.0.1';
const PORT = Number(process.env.PORT ?? 3000);
for (const name of Object.keys(process.env)) {
  if (/^(?:OPENAI|AZURE_OPENAI|UNLEASH|QUIRE|LLM)_/.test(name)) delete process.env[name];
}
const { createQuire } = await import('../dist/index.js');

const folder = mkdtempSync(join(tmpdir(), 'quire-demo-'));
const quire = await createQuire({ settings: { QUIRE_DATA_DIR: folder, QUIRE_PLAN: 'batch 2x3' } });
const app = express();
app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
app.use(knownHosts([HOST]));
app.use(quire.router({ identify: () => ({ owner: 'demo', displayName: 'Demo' }) }), quire.pages());
const server = app.listen(PORT, HOST, (error) => {
  if (error) {
    console.error(`The demo cannot listen on ${HOST}:${PORT}: ${error.message}. PORT names another.`);
    return end(1);
  }
  show(`http://${HOST}:${server.address().port}/`).catch((trouble) => {
    console.error(trouble);
    return end(1);
  });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void end(0));

/** Uploads the package as a person would, and tells where it is once it is read. */
async function show(address) {
  const file = new File([readFileSync(new URL(`../docs/sample/${NAME}`, import.meta.url))], NAME);
  const body = new FormData();
  body.set('file', file);
  const { job_id: id } = await json(await fetch(`${address}process`, { method: 'POST', body }));
  const events = await fetch(`${address}api/document/${id}/events`, {
    headers: { accept: 'text/event-stream' },
  });
  // The stream ends when the document is read.
  await events.text();
  const { status } = await json(await fetch(`${address}status/${id}`));
  if (status !== 'completed') throw new Error(`The sample was not read: ${status}`);
  console.log(`Quire is at ${address} with the sample package in it: ${address}document/${id}`);
}

async function json(response) {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  return response.json();
}

async function end(status) {
  server.close();
  server.closeAllConnections();
  await quire.close();
  rmSync(folder, { recursive: true, force: true });
  process.exit(status);
}
