import { Postgres } from '/work/main/test/postgres.js';
import { Provider } from '/work/main/test/provider.js';
import { goldenPdf, isGolden, PRINTABLE, readSheet } from '/work/main/test/golden-pdf.js';
import { Host } from '/work/main/test/host.js';
import { setTimeout as sleep } from 'node:timers/promises';
const pg = await Postgres.start();
const provider = await Provider.start({ read: readSheet, delay: () => 700 });
const make = () => new Host({ DATABASE_URL: pg.url, QUIRE_ENGINE: 'dbos', OPENAI_API_KEY: 'test', OPENAI_MODEL: 'test-model', OPENAI_BASE_URL: provider.baseURL, LOG_LEVEL: 'info', OPS_TOKEN: 'x'.repeat(20) , DOCUMENTS_AT_ONCE: '4'});
const a = make(), b = make();
try {
  await a.start({ QUIRE_PLAN: 'batch 2x3' }); await b.start({ QUIRE_PLAN: 'batch 2x3' });
  console.log('up');
  const docs = [] as any[];
  for (let i = 0; i < 8; i++) { const d = PRINTABLE[i % PRINTABLE.length]!; const up = await a.upload(await goldenPdf(d, 'x' + i)); docs.push({ d, up }); }
  console.log(docs.map((x) => x.up));
  await sleep(1200); const t0 = Date.now(); await b.kill(); console.log('killed at calls', provider.calls.length);
  console.log(await (await fetch(a.base + '/ops/replicas', { headers: { authorization: 'Bearer ' + 'x'.repeat(20) } })).text());
  for (const { d, up } of docs) { const st = await a.finished(up.id); console.log(st?.status, isGolden(st?.result?.documents[0], d)); }
  console.log('calls', provider.calls.length);
  const { Client } = await import('pg'); const c = new Client(pg.url); await c.connect();
  console.log((await c.query('select status, executor_id, count(*) from quire_engine.workflow_status group by 1,2')).rows, (await c.query('select name,id from quire.replicas')).rows);
  await c.end();
  console.log('took', Date.now() - t0); await a.stop();
} catch (e) { console.log(e); } finally { console.log(a.log.slice(-3000)); console.log('B', b.log.slice(-1500)); if (a.isRunning) await a.kill(); if (b.isRunning) await b.kill(); await provider.close(); await pg.close(); }
