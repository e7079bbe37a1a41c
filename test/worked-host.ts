import type { RequestHandler } from 'express';
import type { CorrectionRequest, ReviewAnswer } from '../src/api/review.js';
import type { KeptReadings } from '../src/api/readings.js';
import type { readLabelledValues } from '../src/embedded-model/rules.js';
import type { createQuire, QuireOptions } from '../src/index.js';
import { BATCH_FLAG, SHADOW_FLAG } from './flag-client.js';
import { pagesHost, type PagesHost } from './pages-host.js';
import type { Call, Fault } from './provider.js';
import { RULE_MODEL, RuleModel } from './rule-model.js';
import { largePackage } from './large-package.js';
import { lines, makePdf } from './pdf-fixtures.js';
import { longPackage, samplePackage } from './sample-package/package.js';
import { SwitchedFlags } from './switched-flags.js';
import { until } from './until.js';

/**
 * An app in which people have worked: documents were read along both paths and compared, one was retried, some of its
 * values were confirmed and corrected, one lacks a page, one could not be read, and one is being read.
 */
export interface WorkedHost extends PagesHost {
  /** The sample, with the other path's reading, and values that somebody has looked at. */
  reviewed: string;
  /** One of its pages failed, and was answered when it was asked again. */
  retried: string;
  /** One of its pages failed. */
  lacking: string;
  failed: string;
  /** Its last pages are answered once the host closes. */
  beingRead: string;
}

/** What of Quire is under test: the build, or the sources. */
interface UnderTest {
  createQuire: typeof createQuire;
  readLabelledValues: typeof readLabelledValues;
}

/** Who has uploaded all of them. */
export const OWNER = 'marta';

/** Calls that are answered of the document that is being read. */
const ANSWERED = 16;

export async function workedHost(
  { createQuire, readLabelledValues }: UnderTest,
  options: Pick<QuireOptions, 'store' | 'settings'>,
  before: readonly RequestHandler[] = [],
): Promise<WorkedHost> {
  const model = await RuleModel.start(readLabelledValues);
  const flags = new SwitchedFlags();
  const silent = () => undefined;
  const quire = await createQuire({
    ...model.options,
    unleash: flags,
    logger: { info: silent, warn: silent, error: silent },
    ...options,
    settings: {
      LLM_PRICES: { [RULE_MODEL]: { input: 0.4, output: 1.6 } },
      SHADOW_NOISE_SHARE: 1,
      ...options.settings,
    },
  });
  const host = await pagesHost(quire, { before, isOperator: () => true });
  const client = new Client(host.base);

  flags.flip(SHADOW_FLAG, { batchSize: 2, maxWorkers: 3 });
  model.errs = erring;
  const reviewed = await client.read((await samplePackage()).pdf, 'account-package.pdf');
  await until('both paths were compared', async () => {
    const { readings } = await client.json<KeptReadings>(`${reviewed}/readings`);
    return readings.some(({ kind }) => kind === 'shadow');
  });
  await client.review(reviewed);

  model.fails = failingPage(6);
  const retried = await client.read((await longPackage({ pages: 7, accounts: 1 })).pdf, 'Asked again.pdf');
  model.fails = () => undefined;
  await client.post(`${retried}/retry`);
  await client.finished(retried);
  flags.flip(BATCH_FLAG, { batchSize: 2, maxWorkers: 3 });
  for (const pages of [8, 15])
    await client.read((await longPackage({ pages, accounts: 2 })).pdf, `Opened in March, ${pages} pages.pdf`);
  flags.flip(BATCH_FLAG, undefined);
  await client.read((await longPackage({ pages: 10, accounts: 1 })).pdf, 'Branch Mill Street.pdf');
  model.fails = failingPage(6);
  const lacking = await client.read((await longPackage({ pages: 9, accounts: 3 })).pdf, 'Three accounts.pdf');
  model.fails = () => ({ status: 400 });
  const unread = await makePdf([{ texts: lines('ACCOUNT NUMBER: 98765432', 'Branch: Mill Street') }]);
  const failed = await client.read(unread, 'Not answered.pdf');
  model.fails = () => undefined;

  // None of its pages is like one that was read before, for which answers are kept.
  const long = await largePackage({ pages: 40, fieldsAPage: 10 });
  const isOfLong = ({ pages }: Call) => pages.some(({ text }) => text.includes('Item '));
  let goOn = (): void => undefined;
  const closing = new Promise<void>((resolve) => (goOn = resolve));
  let calls = 0;
  model.waits = (call) => {
    if (!isOfLong(call)) return 0;
    return calls++ < ANSWERED ? 200 + ((calls * 131) % 400) : closing;
  };
  // One call is answered by an error, and one answer lacks a page.
  const faults: (Fault | undefined)[] = [undefined, { status: 500 }, undefined, 'missing page'];
  model.fails = (call) => (isOfLong(call) ? faults.shift() : undefined);
  flags.flip(BATCH_FLAG, { batchSize: 2, maxWorkers: 3 });
  const beingRead = await client.upload(long, 'Whole quarter.pdf');
  await until('half of it is read', () => calls > ANSWERED);

  return {
    ...host,
    reviewed,
    retried,
    lacking,
    failed,
    beingRead,
    async close() {
      await host.close();
      goOn();
      await quire.close();
      await model.close();
    },
  };
}

/** Reads some values in other words than the page has, unsure of some, and batches a little otherwise than pages. */
const erring: RuleModel['errs'] = (fields, _page, { pages }) =>
  fields.flatMap((field) => {
    const { name, value } = field;
    if (name === 'Employer') return [{ ...field, value: 'Tamarack Vets', confidence: 55 }];
    if (name === 'Date_Opened') return [{ ...field, confidence: 60 }];
    if (name === 'Branch' && pages.length > 1) return [{ ...field, value: value.toUpperCase() }];
    if (name === 'Occupation' && pages.length > 1) return [];
    return [field];
  });

/** The service does not take a page. */
function failingPage(failing: number): RuleModel['fails'] {
  return ({ pages }) => (pages.some(({ number }) => number === failing) ? { status: 400 } : undefined);
}

/** Somebody who uploads by way of the routes. */
class Client {
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  async upload(pdf: Uint8Array, name: string): Promise<string> {
    const body = new FormData();
    body.set('file', new Blob([Uint8Array.from(pdf)]), name);
    const answer = await this.#ask('process', { method: 'POST', body });
    return ((await answer.json()) as { job_id: string }).job_id;
  }

  async finished(id: string): Promise<void> {
    await until('a document is read', async () => {
      const { is_complete: isComplete } = (await (await this.#ask(`status/${id}`)).json()) as {
        is_complete: boolean;
      };
      return isComplete;
    });
  }

  async read(pdf: Uint8Array, name: string): Promise<string> {
    const id = await this.upload(pdf, name);
    await this.finished(id);
    return id;
  }

  /** Confirms some values of a document and corrects one. */
  async review(id: string): Promise<void> {
    const { reading, values } = await this.json<ReviewAnswer>(`${id}/review`);
    for (const { account, field, number } of values.slice(0, 6)) {
      const said =
        field === 'Employer'
          ? { action: 'corrected' as const, value: 'Tamarack Veterinary Group' }
          : { action: 'confirmed' as const };
      const correction: CorrectionRequest = { reading, account, field, ...said };
      await this.post(`${id}/corrections`, correction, { 'If-Match': `"${number}"` });
    }
  }

  async json<T>(path: string): Promise<T> {
    return (await (await this.#ask(`api/document/${path}`)).json()) as T;
  }

  async post(path: string, body?: object, headers: Record<string, string> = {}): Promise<void> {
    await this.#ask(`api/document/${path}`, {
      method: 'POST',
      ...(body && { body: JSON.stringify(body) }),
      headers: { 'Content-Type': 'application/json', ...headers },
    });
  }

  async #ask(
    path: string,
    { headers, ...init }: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const answer = await fetch(this.#base + path, {
      ...init,
      headers: { cookie: `user=${OWNER}`, ...headers },
    });
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${await answer.text()}`);
    return answer;
  }
}
