import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { streamed, type SentEvent } from '../event-stream.js';
import { lines, makePdf } from '../pdf-fixtures.js';
import { newDatabase, runSql } from '../shared.js';
import { SILENT } from '../silent.js';
import { unread } from '../stored-document.js';
import { until } from '../until.js';
import { mount, type Mounted } from '../watched-documents.js';

/** What ops can do; who counts as ops is tried in test/http/ops.test.ts. */

interface AtWork {
  documents: {
    id: string;
    owner: string;
    plan: string;
    stage: string;
    where: string;
    pages_done: number;
    total_pages: number;
    age_seconds: number;
  }[];
  total: number;
  next: string | null;
}

const post = (base: string, path: string) => fetch(`${base}/ops/${path}`, { method: 'POST' });
const pagesNamed = (name: string, pages = 2) =>
  makePdf(Array.from({ length: pages }, (_, page) => ({ texts: lines(`${name} sheet ${page}`) })));

async function atWork({ base }: Mounted, query = ''): Promise<AtWork> {
  return (await (await fetch(`${base}/ops/documents${query}`)).json()) as AtWork;
}

/** Resolves when the first document at work waits for its answers alone: its first call is made before that. */
async function allItsPagesRead(mounted: Mounted): Promise<void> {
  await until('all pages of the first document are read', async () => {
    const [first] = (await atWork(mounted)).documents;
    return first?.stage === 'llm_extraction';
  });
}

async function metric({ base }: Mounted, line: string): Promise<number> {
  const all = await (await fetch(`${base}/ops/metrics`)).text();
  return Number(
    all
      .split('\n')
      .find((each) => each.startsWith(`${line} `))
      ?.slice(line.length + 1),
  );
}

/** Resolves with the document's last event. */
async function ended({ of }: Mounted, id: string, after = 0): Promise<SentEvent | undefined> {
  return (await streamed(of(id), { after })).events.at(-1);
}

describe('documents of all owners', () => {
  let mounted: Mounted | undefined;
  const log: Record<string, unknown>[] = [];
  afterEach(async () => {
    await mounted?.close();
    mounted = undefined;
    log.length = 0;
  });

  const logger = {
    ...SILENT,
    warn: (fields: object, message: string) => void log.push({ ...fields, message }),
  };
  /** Calls wait until they are let go. */
  async function start(settings = {}, options = {}) {
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    mounted = await mount(
      { read: () => [], delay: () => held },
      { logger, settings: { DOCUMENTS_AT_ONCE: 1, DOCUMENTS_WAITING: 3, ...settings }, ...options },
    );
    return { mounted, letGo };
  }

  test('are listed while they are read and wait, without anything that names owner or file', async () => {
    const { mounted, letGo } = await start();
    const ids: string[] = [];
    for (const name of ['first', 'second', 'third']) {
      ids.push(await mounted.upload(await pagesNamed(name)));
      await mounted.provider.called(1);
    }
    await allItsPagesRead(mounted);
    const { documents, total, next } = await atWork(mounted);
    expect(documents).toEqual(
      ids.map((id, index) => ({
        id,
        plan: 'batch 2x3',
        owner: expect.stringMatching(/^[0-9a-f]{16}$/),
        age_seconds: expect.any(Number),
        pages_done: 0,
        replica: null,
        ...(index === 0
          ? { stage: 'llm_extraction', where: 'here', total_pages: 2 }
          : { stage: 'ocr_extraction', where: 'waiting', total_pages: 0 }),
      })),
    );
    expect([total, next]).toEqual([3, null]);
    expect(new Set(documents.map(({ owner }) => owner)).size).toBe(1);
    expect(JSON.stringify(documents)).not.toMatch(/anna|a\.pdf|sheet/);
    expect(await metric(mounted, 'quire_documents_reading')).toBe(1);
    expect(await metric(mounted, 'quire_documents_waiting')).toBe(2);

    const first = await atWork(mounted, '?limit=2');
    expect(first.documents.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const rest = await atWork(mounted, `?limit=2&after=${String(first.next)}`);
    expect([rest.documents.map(({ id }) => id), rest.next]).toEqual([[ids[2]], null]);
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'after=x', `after=${String(ids[0])}`]) {
      expect((await fetch(`${mounted.base}/ops/documents?${query}`)).status).toBe(400);
    }
    letGo();
    await Promise.all(ids.map((id) => ended(mounted, id)));
    expect((await atWork(mounted)).total).toBe(0);
  });

  test('end as cancelled while they are read: the call is broken off, all routes say so, and the owner can ask again', async () => {
    const { mounted, letGo } = await start();
    const { base, provider } = mounted;
    const id = await mounted.upload(await pagesNamed('read'));
    await provider.called(1);
    await allItsPagesRead(mounted);
    const watched = ended(mounted, id);
    expect((await post(base, `documents/${id}/cancel`)).status).toBe(200);
    expect(provider.waiting).toBe(0);
    expect(await watched).toMatchObject({ type: 'failed', error: 'Cancelled', total_pages: 2 });
    expect(await (await fetch(`${base}/status/${id}`)).json()).toMatchObject({
      status: 'failed',
      detailed_message: 'Cancelled',
      is_complete: true,
      total_pages: 2,
    });
    expect(await (await fetch(`${base}/api/document/${id}`)).json()).toMatchObject({
      document: { status: 'failed', error: 'Cancelled', stage: 'llm_extraction', documents: [] },
    });
    expect((await atWork(mounted)).total).toBe(0);
    expect((await post(base, `documents/${id}/cancel`)).status).toBe(409);

    letGo();
    const last = (await streamed(mounted.of(id))).events.at(-1)?.number;
    expect((await fetch(`${base}/api/document/${id}/retry`, { method: 'POST' })).status).toBe(200);
    expect(await ended(mounted, id, last)).toMatchObject({ type: 'completed' });
    expect((await post(base, `documents/${id}/cancel`)).status).toBe(409);
    expect(log.filter(({ action }) => action)).toEqual(
      ['cancelled', 'ended', 'ended'].map((outcome) => ({
        document: id,
        action: 'cancel',
        outcome,
        message: 'ops acted on a document',
      })),
    );
    expect(await metric(mounted, 'quire_ops_actions_total{action="cancel",outcome="ended"}')).toBe(2);
    expect(await metric(mounted, 'quire_ops_actions_total{action="cancel",outcome="cancelled"}')).toBe(1);
  });

  test('end as cancelled while they wait, give up their place, and ops can ask again', async () => {
    const { mounted, letGo } = await start();
    const { base } = mounted;
    const reading = await mounted.upload(await pagesNamed('reading'));
    await mounted.provider.called(1);
    const waiting = await mounted.upload(await pagesNamed('waiting'));
    const watched = ended(mounted, waiting);
    expect((await post(base, `documents/${waiting}/cancel`)).status).toBe(200);
    expect(await watched).toMatchObject({ type: 'failed', error: 'Cancelled' });
    expect((await atWork(mounted)).documents.map(({ id }) => id)).toEqual([reading]);
    expect(await metric(mounted, 'quire_documents_waiting')).toBe(0);

    expect((await post(base, `documents/${reading}/retry`)).status).toBe(409);
    const last = (await streamed(mounted.of(waiting))).events.at(-1)?.number;
    expect((await post(base, `documents/${waiting}/retry`)).status).toBe(200);
    letGo();
    expect(await ended(mounted, reading)).toMatchObject({ type: 'completed' });
    expect(await ended(mounted, waiting, last)).toMatchObject({ type: 'completed' });
    expect(await (await post(base, `documents/${waiting}/retry`)).json()).toMatchObject({
      message: expect.stringMatching(/nothing to ask/),
    });
  });

  test('that failed are asked again together, for as many as there is a place; cancelled and read ones are not', async () => {
    const { mounted, letGo } = await start({ DOCUMENTS_AT_ONCE: 2, DOCUMENTS_WAITING: 0 });
    const { base, provider } = mounted;
    letGo();
    const read = await mounted.upload(await pagesNamed('read'));
    await ended(mounted, read);
    provider.behaviour.fault = () => ({ status: 400 });
    const failed: string[] = [];
    for (const name of ['one', 'two', 'three', 'four']) {
      const id = await mounted.upload(await pagesNamed(name));
      expect(await ended(mounted, id)).toMatchObject({ type: 'failed' });
      failed.push(id);
    }
    provider.behaviour.fault = () => 'silence';
    const calls = provider.calls.length;
    const cancelled = await mounted.upload(await pagesNamed('cancelled'));
    await provider.called(calls + 1);
    await post(base, `documents/${cancelled}/cancel`);

    delete provider.behaviour.fault;
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    provider.behaviour.delay = () => held;
    for (const hours of ['', '?hours=0', '?hours=169', '?hours=1.5', '?hours=x']) {
      expect((await post(base, `retry${hours}`)).status).toBe(400);
    }
    expect(await (await post(base, 'retry?hours=1')).json()).toEqual({
      success: true,
      started: 2,
      not_started: 0,
      left: 2,
    });
    expect((await atWork(mounted)).documents.map(({ id }) => id)).toEqual(failed.slice(0, 2));
    expect((await post(base, `documents/${String(failed[3])}/retry`)).status).toBe(503);
    expect(await (await post(base, 'retry?hours=1')).json()).toMatchObject({ started: 0, left: 2 });
    goOn();
    while ((await atWork(mounted)).total > 0);
    expect(await (await post(base, 'retry?hours=1')).json()).toMatchObject({ started: 2, left: 0 });
    while ((await atWork(mounted)).total > 0);
    expect(await (await post(base, 'retry?hours=168')).json()).toMatchObject({ started: 0, left: 0 });
    expect(await (await fetch(`${base}/api/document/${cancelled}`)).json()).toMatchObject({
      document: { status: 'failed', error: 'Cancelled' },
    });
    expect(await metric(mounted, 'quire_ops_actions_total{action="retry_failed",outcome="started"}')).toBe(4);
    expect(log).toContainEqual(
      expect.objectContaining({ document: failed[3], action: 'retry_failed', outcome: 'started' }),
    );
  });

  test('that failed by the ten thousand are asked again for as many as there is a place', async () => {
    const database = await newDatabase();
    const { mounted } = await start({ DOCUMENTS_WAITING: 2 }, { database });
    const failed = JSON.stringify({
      ...unread(),
      id: 'ID',
      status: 'failed',
      error: 'No page could be read',
    });
    await atWork(mounted);
    await runSql(
      database,
      `INSERT INTO quire.documents (id, owner, status, document, listing, sender, executor, uploaded_at)
       SELECT id, 'user:' || n, 'failed', json, json, '{}', 1, now() - n * interval '1 second'
       FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, 10000) AS n) AS ids,
         LATERAL (SELECT replace('${failed}', 'ID', id::text)::json AS json) AS documents`,
    );
    const answer = await (await post(mounted.base, 'retry?hours=1')).json();
    // 3,600 of them failed within the hour, but for those whose last second has passed.
    expect(answer).toMatchObject({ success: true, started: 3, not_started: 0 });
    expect((answer as { left: number }).left).toBeGreaterThan(3_000);
    expect((answer as { left: number }).left).toBeLessThan(3_600);
  });

  test('that are not there are not found, and their ids not logged as they came', async () => {
    const { mounted } = await start();
    for (const action of ['cancel', 'retry']) {
      expect((await post(mounted.base, `documents/${randomUUID()}/${action}`)).status).toBe(404);
      expect((await post(mounted.base, `documents/%0A{"level":60}/${action}`)).status).toBe(404);
    }
    expect(log.filter(({ outcome }) => outcome === 'unknown')).toHaveLength(4);
    expect(JSON.stringify(log)).not.toContain('level');
  });

  test('in the rollout’s figures are those completed by calls: none that failed, none whose answers were kept', async () => {
    const { mounted, letGo } = await start();
    letGo();
    const pdf = await pagesNamed('again', 6);
    await ended(mounted, await mounted.upload(pdf));
    await ended(mounted, await mounted.upload(pdf));
    mounted.provider.behaviour.fault = () => 'refusal';
    expect(await ended(mounted, await mounted.upload(await pagesNamed('refused')))).toMatchObject({
      type: 'failed',
    });
    expect(
      await ended(mounted, await mounted.upload(Buffer.from('%PDF-1.4 nothing to be read'))),
    ).toMatchObject({ type: 'failed' });
    expect(await metric(mounted, 'llm_calls_per_document{path="batch"}')).toBe(3);
    expect(await metric(mounted, 'documents_per_hour{path="batch"}')).toBe(1);
    expect(await metric(mounted, 'quire_document_seconds_count{path="batch"}')).toBe(1);
    expect(await metric(mounted, 'quire_document_llm_calls_sum{path="batch"}')).toBe(3);
    expect(await metric(mounted, 'quire_document_tokens_total{path="batch",kind="prompt"}')).toBe(3_000);
    expect(await metric(mounted, 'quire_stage_seconds_count{path="batch",stage="llm_extraction"}')).toBe(1);
    expect(await metric(mounted, 'quire_documents_total{path="batch",outcome="completed"}')).toBe(2);
    expect(await metric(mounted, 'quire_failed_documents_total{path="batch",cause="model"}')).toBe(1);
    expect(await metric(mounted, 'quire_failed_documents_total{path="batch",cause="file"}')).toBe(1);
    expect(await metric(mounted, 'quire_documents_failed_in_a_row')).toBe(1);
  });
});
