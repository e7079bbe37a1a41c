import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import {
  createQuire,
  type Quire,
  type QuireOptions,
  type Store,
  type StoredDocument,
} from '../../src/index.js';
import { lines, makePdf, rawPdf, textBomb } from '../pdf-fixtures.js';
import { Provider } from '../provider.js';
import { newStore } from '../shared.js';
import { SILENT } from '../silent.js';

/** The upload flow over real HTTP, mounted under a path of an Express app. */

let server: Server;
let quire: Quire;
let store: Store;
let provider: Provider;
let base: string;

beforeAll(async () => {
  provider = await Provider.start({
    read: ({ text }) =>
      Array.from(text.matchAll(/^(\w+): (.+?)\s*$/gm), ([, name = '', value = '']) => ({
        name,
        value,
        confidence: 90,
      })),
  });
  Object.assign(process.env, { PDF_MAX_PAGES: '12', UPLOAD_MAX_MB: '1' });
  Object.assign(process.env, { LLM_PRICES: '{"test-model": {"input": 3, "output": 15}}' });
  store = await newStore();
  quire = await mountedQuire();
  server = createServer(express().use('/loans/quire', quire.router({ allowAnonymous: true })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/loans/quire`;
});
afterEach(() => {
  delete provider.behaviour.fault;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await quire.close();
  await store.close();
  await provider.close();
});

function mountedQuire(options: QuireOptions = {}): Promise<Quire> {
  return createQuire({
    openai: provider.client(),
    model: 'test-model',
    plan: { path: 'batch', batchSize: 3, maxWorkers: 5 },
    store,
    logger: SILENT,
    ...options,
  });
}

interface Status {
  status: string;
  detailed_message: string;
  progress: number;
  stage: string;
  pages_processed: number;
  total_pages: number;
  accounts: string[];
  is_complete: boolean;
  result?: { documents: StoredDocument['documents'] };
}

const get = async <T>(path: string, at = base) => (await (await fetch(`${at}${path}`)).json()) as T;

function form(bytes: Uint8Array, filename = 'package.pdf', fields: Record<string, string> = {}): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  data.set('file', new Blob([Uint8Array.from(bytes)]), filename);
  return data;
}

async function post(body: FormData, path = '/process', at = base) {
  const response = await fetch(`${at}${path}`, { method: 'POST', body });
  const answer = (await response.json()) as { success: boolean; job_id?: string; message: string };
  return { code: response.status, headers: response.headers, ...answer };
}

async function finished(id: string | undefined, at = base): Promise<Status> {
  for (;;) {
    const status = await get<Status>(`/status/${id}`, at);
    if (status.is_complete) return status;
    if (status.status === 'Unknown job ID') throw new Error(`There is no job ${id}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const textPdf = (pages: string[], options?: PDFKit.PDFDocumentOptions) =>
  makePdf(
    pages.map((text) => ({ texts: lines(...text.split('\n')) })),
    options,
  );

const PACKAGE = [
  'Cover: sheet\nNothing else here',
  'ACCOUNT NUMBER: 0012345678\nBranch: Main Street',
  'Phone_Number: 555-0100',
  'ACCOUNT NUMBER: 87654321\nOccupation: Baker',
];

/** The same package with one more line a page, about which nothing was asked before. */
let packages = 0;
function freshPackage(): string[] {
  packages++;
  return PACKAGE.map((page) => `${page}\nSheet of package ${packages}`);
}

describe('an uploaded package', () => {
  let id: string | undefined;
  let status: Status;
  let upload: Awaited<ReturnType<typeof post>>;

  beforeAll(async () => {
    upload = await post(form(await textPdf(PACKAGE), 'Müller – loan.pdf', { document_name: 'Loan 7' }));
    id = upload.job_id;
    status = await finished(id);
  });

  test('is accepted with an id that cannot be guessed and the plan it is read under', () => {
    expect(upload).toMatchObject({ code: 200, success: true, message: expect.any(String) });
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(upload.headers.get('x-quire-plan')).toBe('batch 3x5');
  });

  test('is complete with every account’s record', () => {
    expect(status).toMatchObject({
      status: 'completed',
      progress: 100,
      stage: 'completed',
      pages_processed: 4,
      total_pages: 4,
      accounts: ['12345678', '87654321'],
    });
    expect(status.result?.documents).toHaveLength(1);
    expect(status.result?.documents[0]).toMatchObject({
      document_type: 'loan_document',
      accounts: [
        { accountNumber: '12345678', result: { Branch: { value: 'Main Street' } }, pages: [2, 3] },
        { accountNumber: '87654321', result: { Occupation: { value: 'Baker' } }, pages: [4] },
      ],
      unassigned_pages: [1],
      extracted_fields: { total_accounts: 2, accounts_processed: 2 },
      plan: { path: 'batch', batchSize: 3, maxWorkers: 5 },
    });
  });

  test('is listed and shown as a document', async () => {
    const { documents, total } = await get<{ documents: StoredDocument[]; total: number }>('/api/documents');
    expect(total).toBe(documents.length);
    const { success, document } = await get<{ success: boolean; document: StoredDocument }>(
      `/api/document/${id}`,
    );
    expect(success).toBe(true);
    const { documents: records, ...row } = document;
    expect(records).toHaveLength(1);
    const inList = { plan: 'batch 3x5', failed_pages: 0, needs_review: false };
    expect(documents[0]).toEqual({ ...row, ...inList, review: { checked: 0, total: 3 } });
    expect(document).toMatchObject({
      id,
      filename: 'Müller – loan.pdf',
      document_name: 'Loan 7',
      status: 'completed',
      total_pages: 4,
      processing_cost: { llm_calls: 2, input_tokens: 2_000, output_tokens: 200, cost_usd: 0.009 },
    });
  });

  test('tells how each stage went', async () => {
    const { status } = await get<{ status: Record<string, unknown> }>(
      `/api/document/${id}/background-status`,
    );
    expect(status).toMatchObject({
      stage: 'completed',
      progress: 100,
      errors: [],
      stages: {
        ocr_extraction: { status: 'completed', progress: 100 },
        llm_extraction: { status: 'completed' },
      },
    });
  });

  test('gives one account’s complete data, and 404 for an account it has not', async () => {
    expect(await get(`/api/document/${id}/account/1/complete-data`)).toEqual({
      success: true,
      account_number: '87654321',
      account_index: 1,
      fields: { Occupation: { value: 'Baker', confidence: 90 } },
      accuracy_score: 100,
      filled_fields: 1,
      total_fields: 1,
      pages: [4],
      processing_method: 'regex_detection + page_by_page_llm_extraction',
      needs_human_review: false,
    });
    for (const index of ['2', '-1', '1.5', 'x']) {
      const response = await fetch(`${base}/api/document/${id}/account/${index}/complete-data`);
      expect(response.status).toBe(404);
    }
  });

  test('gives back its PDF as an attachment', async () => {
    const response = await fetch(`${base}/api/document/${id}/pdf`);
    expect(response.headers.get('content-type')).toBe('application/pdf');
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; .*filename\*=UTF-8''M%C3%BCller/,
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(
      Buffer.from(await response.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');
  });

  test('counts in the costs', async () => {
    const costs = await get<{ documents: { id: string }[]; total: { llm_calls: number; cost_usd: number } }>(
      '/api/costs',
    );
    expect(costs.documents.find((document) => document.id === id)).toMatchObject({
      llm_calls: 2,
      cost_usd: 0.009,
    });
    expect(costs.total.llm_calls).toBeGreaterThanOrEqual(2);
  });

  test.each(['DELETE', 'POST'])('is gone after %s delete', async (method) => {
    const { job_id: other } = await post(form(await textPdf(['Branch: Main Street, Harbor'])), '/upload');
    await finished(other);
    const remove = () => fetch(`${base}/api/document/${other}/delete`, { method });
    expect(await (await remove()).json()).toMatchObject({ success: true });
    expect((await fetch(`${base}/api/document/${other}`)).status).toBe(404);
    expect((await fetch(`${base}/api/document/${other}/pdf`)).status).toBe(404);
    expect((await get<Status>(`/status/${other}`)).status).toBe('Unknown job ID');
    expect((await remove()).status).toBe(404);
  });
});

test('progress goes up stage by stage and batch by batch', async () => {
  const seen: string[] = [];
  let last = 0;
  await quire.processPages(
    Object.fromEntries(
      Array.from({ length: 6 }, (_, index) => [index + 1, `Account No. 12345678 sheet ${index}`]),
    ),
    {
      onProgress: ({ stage, percent, pagesProcessed, totalPages }) => {
        expect(percent).toBeGreaterThanOrEqual(last);
        last = percent;
        seen.push(`${stage} ${pagesProcessed}/${totalPages}`);
      },
    },
  );
  expect(seen.filter((step) => step.startsWith('llm_extraction')).slice(0, 2)).toEqual([
    'llm_extraction 0/6',
    'llm_extraction 1/6',
  ]);
  expect(
    seen.map((step) => step.split(' ')[0]).filter((stage, index, all) => stage !== all[index - 1]),
  ).toEqual(['ocr_extraction', 'account_splitting', 'page_analysis', 'llm_extraction', 'completed']);
  expect(last).toBe(100);
});

test('a document is deleted while it is read, and its calls are broken off', async () => {
  provider.behaviour.fault = () => 'silence';
  const before = provider.calls.length;
  const { job_id: id } = await post(form(await textPdf(freshPackage())));
  await provider.called(before + 2);
  expect((await fetch(`${base}/api/document/${id}/delete`, { method: 'POST' })).status).toBe(200);
  while (provider.waiting > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  expect((await get<Status>(`/status/${id}`)).status).toBe('Unknown job ID');
  const { documents } = await get<{ documents: StoredDocument[] }>('/api/documents');
  expect(documents.filter((document) => document.id === id)).toEqual([]);
});

test('a page of the PDF that cannot be read is named with its account', async () => {
  const page = (text: string) => ({ content: `BT /F1 12 Tf 50 700 Td (${text}) Tj ET` });
  const pdf = rawPdf([page('ACCOUNT NUMBER: 12345678'), null, page('Branch: Main Street, Harbor')]);
  const record = await quire.processPdf(pdf);
  expect(record.failed_pages).toEqual([{ page: 2, account: '12345678', reason: 'page_damaged' }]);
  expect(record.accounts[0]?.pages).toEqual([1, 2, 3]);
});

describe('pages the model never answers for', () => {
  test('are named, and the rest of the document is complete', async () => {
    const fails = (page: { text: string }) => page.text.includes('Phone_Number');
    provider.behaviour.fault = ({ pages }) => (pages.some(fails) ? 'refusal' : undefined);
    const { job_id: id } = await post(form(await textPdf(freshPackage())));
    const status = await finished(id);
    expect(status).toMatchObject({ status: 'completed', detailed_message: 'Read, but 1 of 4 pages failed.' });
    expect(status.result?.documents[0]).toMatchObject({
      failed_pages: [{ page: 3, account: '12345678', reason: 'refused' }],
      needs_human_review: true,
    });
  });

  test('cost what is known of their calls, null where nothing is, with the others’ number beside it', async () => {
    const fails = ({ text }: { text: string }) => text.includes('Second');
    provider.behaviour.fault = ({ pages }) => (pages.some(fails) ? { status: 400 } : 'no usage');
    const { job_id: id } = await post(
      form(await textPdf(['Branch: First, of two', 'Branch: Second, of two'])),
    );
    await finished(id);
    const cost = async () => {
      const { documents } = await get<{ documents: { id: string }[] }>('/api/costs');
      return documents.find((document) => document.id === id);
    };
    expect(await cost()).toMatchObject({ llm_calls: 4, cost_usd: null, unknown_usage_calls: 1 });
    delete provider.behaviour.fault;
    await fetch(`${base}/api/document/${id}/retry`, { method: 'POST' });
    await finished(id);
    expect(await cost()).toMatchObject({ llm_calls: 5, cost_usd: 0.0045, unknown_usage_calls: 1 });
  });

  test('fail the document when there is no other', async () => {
    provider.behaviour.fault = () => 'refusal';
    const { job_id: id } = await post(form(await textPdf(['Branch: Harbor Road, Hill'])));
    const status = await finished(id);
    expect(status).toMatchObject({ status: 'failed', stage: 'failed', progress: 100 });
    expect(status.result?.documents[0]?.failed_pages).toHaveLength(1);
    const background = await get<{ status: unknown }>(`/api/document/${id}/background-status`);
    expect(background.status).toMatchObject({
      errors: ['No page could be read; failed_pages says why.', 'Page 1: refused'],
      stages: {
        page_analysis: { status: 'completed' },
        llm_extraction: { status: 'failed' },
        completed: { status: 'pending' },
      },
    });
  });
});

describe('bad input', () => {
  test.each([
    ['no form at all', undefined, 400, /^No file provided/],
    ['a form without a file', () => new FormData(), 400, /^No file provided/],
    ['a form with no file selected', () => form(new Uint8Array(), ''), 400, /^No file selected$/],
    ['an empty file', () => form(new Uint8Array()), 400, /empty/],
    ['a file that is no PDF', () => form(Buffer.from('PK\u0003\u0004 not a PDF')), 400, /not a PDF/],
    ['a file that is too large', () => form(Buffer.alloc(1024 * 1024 + 1, '%PDF-')), 413, /larger than 1 MB/],
    [
      'a file in another field',
      () => {
        const data = new FormData();
        data.set('document', new Blob(['%PDF-']), 'a.pdf');
        return data;
      },
      400,
      /^No file provided/,
    ],
  ])('%s is refused with a clear message', async (_name, body, code, message) => {
    const response = await fetch(`${base}/process`, { method: 'POST', ...(body && { body: body() }) });
    expect(response.status).toBe(code);
    expect(await response.json()).toEqual({
      success: false,
      message: expect.stringMatching(message),
    });
  });

  test.each([
    ['an encrypted PDF', () => textPdf(PACKAGE, { userPassword: 'secret' }), /password/],
    [
      'a damaged PDF',
      () => Promise.resolve(Buffer.from('%PDF-1.7\nnothing that pdfium could open')),
      /damaged/,
    ],
    [
      'a PDF of too many pages',
      () => textPdf(Array.from({ length: 13 }, () => 'Sheet')),
      /13 pages; at most 12/,
    ],
  ])('%s fails its document with a clear message', async (_name, make, message) => {
    const { code, job_id: id } = await post(form(await make()));
    expect(code).toBe(200);
    const status = await finished(id);
    expect(status).toMatchObject({ status: 'failed', stage: 'failed', progress: 100 });
    expect(status.detailed_message).toMatch(message);
    const background = await get<{ status: { errors: string[] } }>(`/api/document/${id}/background-status`);
    expect(background.status.errors).toEqual([status.detailed_message]);
  });

  test('a text bomb is stopped at the time limit, and its document fails with a clear message', async () => {
    process.env.PDF_TIME_LIMIT_MS = '1500';
    const hurried = await mountedQuire();
    delete process.env.PDF_TIME_LIMIT_MS;
    await expect(hurried.processPdf(textBomb(4_000_000))).rejects.toThrow(/too long/);
    await hurried.close();
  });

  test('leaves the process alive and reading', async () => {
    const { job_id: id } = await post(form(await textPdf(PACKAGE)));
    expect((await finished(id)).status).toBe('completed');
  });

  test('a form may carry more than the file', async () => {
    const data = form(await textPdf(PACKAGE), 'package.pdf', { note: 'x'.repeat(20_000) });
    data.append('other', new Blob(['%PDF-']), 'other.pdf');
    for (let field = 0; field < 20; field++) data.append('tag', String(field));
    const { code, job_id: id } = await post(data);
    expect(code).toBe(200);
    expect((await finished(id)).total_pages).toBe(4);
  });

  test('a long name is cut between characters, and its PDF can be fetched', async () => {
    const { job_id: id } = await post(
      form(await textPdf(['Branch: Main Street, Harbor']), `${'a'.repeat(199)}😀😀.pdf`),
    );
    await finished(id);
    const response = await fetch(`${base}/api/document/${id}/pdf`);
    expect(response.status).toBe(200);
    expect(decodeURIComponent(response.headers.get('content-disposition') ?? '')).toContain('a😀.pdf');
  });

  test('an address that cannot be decoded is the client’s mistake', async () => {
    const response = await fetch(`${base}/status/%E0%A4%A`);
    expect(response.status).toBe(400);
  });

  test('a file name keeps no folders and no hidden characters', async () => {
    const { job_id: id } = await post(
      form(await textPdf(['Branch: Main Street, Harbor']), '..\\..\\etc/pass\u202ewd.pdf'),
    );
    await finished(id);
    const { document } = await get<{ document: StoredDocument }>(`/api/document/${id}`);
    expect(document).toMatchObject({ filename: 'passwd.pdf', document_name: 'passwd' });
  });

  test('unknown ids answer as they always did', async () => {
    expect(await get<Status>('/status/none')).toMatchObject({
      status: 'Unknown job ID',
      progress: 0,
      is_complete: false,
    });
    const response = await fetch(`${base}/api/document/none`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ success: false, message: expect.any(String) });
  });
});

describe('a host in trouble', () => {
  async function serve(
    options: QuireOptions,
  ): Promise<{ at: string; quire: Quire; stop: () => Promise<void> }> {
    const own = await mountedQuire(options);
    const host = createServer(express().use(own.router({ allowAnonymous: true })));
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    const stop = async () => {
      await own.close();
      host.closeAllConnections();
      await new Promise((resolve) => host.close(resolve));
    };
    return { at: `http://127.0.0.1:${(host.address() as AddressInfo).port}`, quire: own, stop };
  }

  test('a store that fails costs its document and no more, and is logged without its words', async () => {
    const logged: unknown[] = [];
    const log = (...entry: unknown[]) => void logged.push(entry);
    const store = await newStore();
    store.finish = () => Promise.reject(new Error('disk of Ada Lovelace is full'));
    const { at, stop } = await serve({
      store,
      logger: { info: log, warn: log, error: log },
    });
    await post(form(await textPdf(PACKAGE)), '/process', at);
    while (!JSON.stringify(logged).includes('not kept'))
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await fetch(`${at}/api/documents`)).status).toBe(200);
    expect(JSON.stringify(logged)).not.toContain('Lovelace');
    await stop();
    await store.close();
  });

  test('a closed Quire takes no more uploads', async () => {
    const { at, quire: own, stop } = await serve({});
    await own.close();
    expect(await post(form(await textPdf(PACKAGE)), '/process', at)).toMatchObject({
      code: 503,
      success: false,
    });
    await stop();
  });
});
