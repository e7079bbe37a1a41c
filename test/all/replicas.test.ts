import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { mostUnderWay, mostWithin } from '../call-times.js';
import { streamed, type SentEvent } from '../event-stream.js';
import type { KeptStore } from '../fixtures/kept-store.js';
import { Fleet, type FleetDocument } from '../fleet.js';
import { BATCH_FLAG } from '../flag-client.js';
import { isGolden, PRINTABLE, readSheet } from '../golden-pdf.js';
import type { Host } from '../host.js';
import { paidFor } from '../paid-for.js';
import { Postgres } from '../postgres.js';
import { Provider } from '../provider.js';
import { newDatabase, newUnleashEnvironment, runSql } from '../shared.js';
import { until } from '../until.js';

/** Several replicas on one PostgreSQL, as their users, their ops and the provider see them. */

const open: { close(): Promise<unknown> }[] = [];
/** Ends what was started, the last first. */
async function closeAll(): Promise<void> {
  for (const each of open.splice(0).reverse()) await each.close();
}

async function fleetOf(count: number, url: string, variables: Record<string, string> = {}): Promise<Fleet> {
  const provider = await Provider.start({ read: readSheet });
  open.push(provider);
  const fleet = await Fleet.start(count, { url, provider, variables });
  open.push(fleet);
  return fleet;
}

describe('three replicas', () => {
  const CALLS_AT_ONCE = 8;
  const CALLS_A_MINUTE = 1_200;
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await fleetOf(3, await newDatabase(), {
      LLM_GLOBAL_CONCURRENCY: String(CALLS_AT_ONCE),
      LLM_REQUESTS_PER_MINUTE: String(CALLS_A_MINUTE),
      // Two of them cannot take all twenty.
      DOCUMENTS_AT_ONCE: '7',
    });
  });
  afterAll(closeAll);

  /** The hosts of three replicas. */
  function hosts(): [Host, Host, Host] {
    const [a, b, c] = fleet.replicas;
    if (!a || !b || !c) throw new Error('There are no three replicas');
    return [a.host, b.host, c.host];
  }

  /** A document in the middle of which calls wait until they are let go. */
  async function held(): Promise<{ document: FleetDocument; letGo: () => void }> {
    let letGo: () => void = () => undefined;
    const wait = new Promise<void>((resolve) => (letGo = resolve));
    fleet.provider.behaviour.delay = () => wait;
    const calls = fleet.provider.calls.length;
    const [document] = await fleet.upload(1);
    if (!document) throw new Error('Nothing was uploaded');
    await fleet.provider.called(calls + 1);
    return { document, letGo };
  }

  const eventsOf = (host: Host, { id }: FleetDocument) => `${host.base}/api/document/${id}/events`;
  const post = (host: Host, path: string) => host.fetch(path, { method: 'POST' });

  test('share twenty documents: every record is golden, no page is asked about twice, and all keep to one cap and one rate', async () => {
    const { provider } = fleet;
    provider.behaviour.delay = (_call, index) => 200 + 100 * (index % 5);
    await fleet.upload(20);
    await fleet.ended();
    expect(await fleet.notGolden()).toEqual([]);
    const { calls } = provider;
    expect(new Set(calls.map(({ project }) => project)).size).toBe(3);
    expect(await paidFor(fleet)).toMatchObject({
      askedAgain: 0,
      repeated: 0,
      repeatedForNothing: 0,
      late: 0,
    });
    expect(mostUnderWay(calls)).toBeLessThanOrEqual(CALLS_AT_ONCE);
    // As the database let them through; how evenly they arrive depends on the machine.
    const begunAt = await fleet.journal.begunAt();
    expect(begunAt).toHaveLength(calls.length);
    expect(mostWithin(begunAt, 2_000)).toBeLessThanOrEqual(CALLS_A_MINUTE / 30);
  });

  test('know each other, and tell what each of them reads', async () => {
    const { document, letGo } = await held();
    const ids = fleet.replicas.map(({ id }) => id).sort();
    const where: unknown[] = [];
    for (const { id, host } of fleet.replicas) {
      const seen = await fleet.seenBy(host);
      expect(seen.map((replica) => replica.id).sort()).toEqual(ids);
      expect(seen.every(({ state }) => state === 'alive')).toBe(true);
      expect(seen.find(({ is_this }) => is_this)?.id).toBe(id);
      const { documents } = (await (await host.fetch('/ops/documents')).json()) as {
        documents: { id: string; where: string }[];
      };
      expect(documents.map((listed) => listed.id)).toEqual([document.id]);
      where.push(documents[0]?.where);
    }
    expect(where.sort()).toEqual(['elsewhere', 'elsewhere', 'here']);
    letGo();
    await fleet.ended();
  });

  test('answer for each other: uploaded to one, followed on a second, read on a third', async () => {
    const [a, b, c] = hosts();
    fleet.provider.behaviour.delay = () => 100;
    const [document] = await fleet.upload(1, fleet.replicas.slice(0, 1));
    if (!document) throw new Error('Nothing was uploaded');
    const { id, golden } = document;
    const followed = await streamed(eventsOf(b, document), { headers: { cookie: b.cookie } });
    const numbers = followed.events.map(({ number }) => number);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(followed.events.at(-1)?.type).toBe('completed');
    const pages = (await (await c.fetch(`/api/document/${id}/events`)).json()) as { events: SentEvent[] };
    expect(pages.events).toEqual(followed.events);
    for (const host of [a, b, c]) {
      expect(isGolden((await host.status(id)).result?.documents[0], golden)).toBe(true);
    }
    const evidence = async (host: Host) => (await host.fetch(`/api/document/${id}/evidence`)).json();
    const onA = await evidence(a);
    expect(onA).toMatchObject({ is_complete: true, evidence: expect.arrayContaining([expect.anything()]) });
    expect(await evidence(c)).toEqual(onA);
  });

  test('read a document no more that is deleted on any of them, and tell who follows it on another', async () => {
    const [a, b, c] = hosts();
    const { document, letGo } = await held();
    const { id, copy } = document;
    const following = await fetch(eventsOf(b, document), {
      headers: { accept: 'text/event-stream', cookie: b.cookie },
    });
    expect((await c.fetch(`/api/document/${id}/delete`, { method: 'DELETE' })).status).toBe(200);
    expect(await following.text()).toMatch(/event: cancelled\n.*\n\n$/);
    expect((await a.status(id)).status).toBe('Unknown job ID');
    const callsFor = () =>
      fleet.provider.calls.filter(({ pages }) => pages[0]?.text.includes(`Copy ${copy}\n`)).length;
    const calls = callsFor();
    letGo();
    fleet.documents.splice(fleet.documents.indexOf(document), 1);
    await fleet.upload(3);
    await fleet.ended();
    expect(callsFor()).toBe(calls);
  });

  test('end a document that ops cancel on any of them, and go on with it where it is asked again', async () => {
    const [a, b, c] = hosts();
    const { document, letGo } = await held();
    const { id, golden } = document;
    expect((await post(c, `/ops/documents/${id}/cancel`)).status).toBe(200);
    for (const host of [a, b, c]) {
      expect(await host.finished(id)).toMatchObject({ status: 'failed', detailed_message: 'Cancelled' });
    }
    letGo();
    expect((await post(b, `/api/document/${id}/retry`)).status).toBe(200);
    for (const host of [c, a]) {
      expect(isGolden((await host.finished(id)).result?.documents[0], golden)).toBe(true);
    }
  });

  test('repeat no call when one of them is asked to end: it hands over what it reads', async () => {
    const { provider } = fleet;
    provider.behaviour.delay = () => 300;
    const before = provider.calls.length;
    const documents = await fleet.upload(9);
    const drained = await fleet.inMidDocument();
    const { at, exitCode } = await fleet.drain(drained);
    expect(exitCode).toBe(0);
    await fleet.goneOn(drained, at);
    await fleet.ended();
    expect(await fleet.notGolden(documents)).toEqual([]);
    const asked = provider.calls.slice(before).flatMap(({ pages }) => pages.map(({ text }) => text));
    expect(new Set(asked).size).toBe(asked.length);
    expect(fleet.gone).toEqual([]);
  });
});

describe('twenty documents', () => {
  afterEach(closeAll);

  test('are whole after a stop, a kill and a restart of the database, and only what was under way is paid twice', async () => {
    const postgres = await Postgres.start();
    open.push(postgres);
    const fleet = await fleetOf(3, postgres.url, { LLM_GLOBAL_CONCURRENCY: '6', DOCUMENTS_AT_ONCE: '10' });
    const { behaviour } = fleet.provider;
    behaviour.delay = () => 1_500;
    await fleet.upload(20);
    const stopped = await fleet.halt(await fleet.inMidDocument());
    await fleet.goneOn(stopped.replica, stopped.at);
    await fleet.goOn(stopped);
    const killed = await fleet.kill(await fleet.inMidDocument());
    await fleet.goneOn(killed.replica, killed.at);
    await fleet.inMidDocument();
    await postgres.restart();
    behaviour.delay = () => 200;
    await fleet.ended();
    expect(await fleet.notGolden()).toEqual([]);
    expect(await paidFor(fleet)).toMatchObject({ askedAgain: 0, repeatedForNothing: 0, late: 0 });
    expect(fleet.gone).toEqual([]);
  });
});

describe('a rollback', () => {
  afterEach(closeAll);

  test('tripped by what one replica saw holds on all', async () => {
    const unleash = await newUnleashEnvironment();
    await unleash.flip(BATCH_FLAG, {
      enabled: true,
      rollout: 100,
      payload: '{"batchSize": 2, "maxWorkers": 3}',
    });
    const fleet = await fleetOf(3, await newDatabase(), {
      UNLEASH_URL: unleash.url,
      UNLEASH_API_TOKEN: unleash.clientToken,
      QUIRE_PLAN: '',
      // No trial of the form of answers takes documents from it.
      LLM_ANSWER_FORM: 'lines',
    });
    const [first] = fleet.replicas;
    if (!first) throw new Error('There is no replica');
    fleet.provider.behaviour.fault = ({ project, pages }) =>
      project === first.name && pages.length > 1 ? 'truncated json' : undefined;
    const stateOn = async (host: Host) => {
      const { rollback } = (await (await host.fetch('/ops/readyz')).json()) as {
        rollback: { state: string };
      };
      return rollback.state;
    };
    await until('the batch path is rolled back', async () => {
      await fleet.upload(12);
      await fleet.ended();
      return (await stateOn(first.host)) === 'open';
    });
    for (const { host } of fleet.replicas) {
      await until('the others have it too', async () => (await stateOn(host)) === 'open');
    }
    expect(await fleet.notGolden()).toEqual([]);
    const plans = await Promise.all(
      fleet.replicas.map(async (replica) => {
        const [document] = await fleet.upload(1, [replica]);
        const { result } = await replica.host.finished(document?.id);
        return result?.documents[0]?.plan.path;
      }),
    );
    expect(plans).toEqual(['single-page', 'single-page', 'single-page']);
  });
});

describe('documents of a process of the version before', () => {
  const FOLDER = new URL('../fixtures/store-0.2.0/', import.meta.url);
  afterEach(closeAll);

  test('are left to it as long as it lives, and go on with replicas when it is gone', async () => {
    const url = await newDatabase();
    await runSql(url, await readFile(new URL('postgres.sql', FOLDER), 'utf8'));
    const { owners } = JSON.parse(await readFile(new URL('postgres.json', FOLDER), 'utf8')) as KeptStore;
    const kept = owners.flatMap(({ cookie, unfinished }) => unfinished.map((each) => ({ ...each, cookie })));
    const [{ executor } = {}] = await runSql<{ executor: number }>(
      url,
      `SELECT executor FROM quire.documents WHERE status = 'extracting'`,
    );
    // What a process of that version does to show that it lives.
    const process = new Client(url);
    await process.connect();
    await process.query('SELECT pg_advisory_lock($1, $2)', [0x71756972, executor]);
    open.push({ close: () => process.end() });
    const fleet = await fleetOf(3, url);
    const documents = await fleet.upload(6);
    await fleet.ended(documents);
    expect(await fleet.notGolden(documents)).toEqual([]);
    const [first] = fleet.replicas;
    if (!first) throw new Error('There is no replica');
    const { host } = first;
    for (const { id, cookie } of kept) {
      host.cookie = cookie;
      expect((await host.status(id)).is_complete).toBe(false);
    }
    // Others of that version may live: they take up whatever has the version.
    await runSql(url, 'ALTER TABLE quire.documents ADD CHECK (workflow IS NULL OR version > 1)');
    await process.query('SELECT pg_advisory_unlock_all()');
    for (const { id, cookie, ...document } of kept) {
      host.cookie = cookie;
      const golden = PRINTABLE.find(({ name }) => name === document.golden);
      expect(golden && isGolden((await host.finished(id)).result?.documents[0], golden)).toBe(true);
    }
    expect(kept.length).toBeGreaterThan(0);
  });
});
