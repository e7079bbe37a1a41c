import { useEffect, useState } from 'preact/hooks';
import { call, CallError, retryAfterOf } from '../call.js';
import { addressOf } from '../place.js';
import { EMPTY, refusalOf, tooLarge, type Answered, type Refusal } from './refusals.js';

/** A file on its way to the server. */
export interface Upload {
  key: number;
  file: File;
  /** As the person calls the document; its file's name without it. */
  documentName: string | undefined;
  state: 'waiting' | 'sending' | 'accepted' | 'refused' | 'cancelled';
  /** 0 to 1. */
  sent: number;
  /** Of the document, once it is accepted. */
  id?: string;
  /** Why it was not taken, the last time. */
  refusal?: Refusal | undefined;
  /** How often the server has said that it must wait. */
  waits: number;
}

const AT_ONCE = 2;
const MEGABYTE = 1024 * 1024;
const LONGEST_WAIT_S = 60;

/**
 * Files on their way, a few at once. They go on while the person looks at other pages. What the server puts off is
 * sent again when it says so, and nothing is sent before: a file that is put off has been sent in vain.
 */
class Uploads {
  #all: readonly Upload[] = [];
  #keys = 0;
  #maxMegabytes: number | undefined;
  #heldUntil = 0;
  readonly #requests = new Map<number, XMLHttpRequest>();
  readonly #watchers = new Set<() => void>();

  get all(): readonly Upload[] {
    return this.#all;
  }

  /** By `Date.now()`; nothing is sent before. */
  get heldUntil(): number {
    return this.#heldUntil;
  }

  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  }

  add(files: readonly File[], documentName: string | undefined, maxMegabytes: number | undefined): void {
    this.#maxMegabytes = maxMegabytes;
    const added = files.map((file): Upload => {
      const upload = { key: ++this.#keys, file, documentName, sent: 0, waits: 0 };
      const refusal = this.#refusedAtOnce(file);
      return refusal ? { ...upload, state: 'refused', refusal } : { ...upload, state: 'waiting' };
    });
    this.#set([...this.#all, ...added]);
    this.#send();
  }

  cancel(key: number): void {
    this.#change(key, { state: 'cancelled' });
    this.#requests.get(key)?.abort();
    this.#requests.delete(key);
    this.#send();
  }

  tryAgain(keys: readonly number[]): void {
    for (const key of keys) this.#change(key, { state: 'waiting', sent: 0, refusal: undefined });
    this.#send();
  }

  /** Forgets those that have come to an end. */
  clear(): void {
    this.#set(this.#all.filter(isUnderWay));
  }

  #refusedAtOnce({ size }: File): Refusal | undefined {
    if (size === 0) return EMPTY;
    const most = this.#maxMegabytes;
    return most !== undefined && size > most * MEGABYTE ? tooLarge(most) : undefined;
  }

  #send(): void {
    const wait = this.#heldUntil - Date.now();
    if (wait > 0) {
      setTimeout(() => this.#send(), wait);
      return;
    }
    for (const upload of this.#all) {
      if (this.#requests.size >= AT_ONCE) return;
      if (upload.state === 'waiting') this.#sendOne(upload);
    }
  }

  #sendOne({ key, file, documentName }: Upload): void {
    const form = new FormData();
    if (documentName !== undefined) form.set('document_name', documentName);
    form.set('file', file);
    const request = new XMLHttpRequest();
    this.#requests.set(key, request);
    this.#change(key, { state: 'sending', sent: 0 });
    request.upload.onprogress = ({ loaded, total }) => this.#change(key, { sent: loaded / total });
    request.onload = () => void this.#answered(key, request);
    request.onerror = () => void this.#answered(key, request);
    request.open('POST', addressOf('process'));
    request.send(form);
  }

  async #answered(key: number, request: XMLHttpRequest): Promise<void> {
    const body = bodyOf(request);
    if (request.status === 200 && body.job_id !== undefined) {
      this.#requests.delete(key);
      this.#change(key, { state: 'accepted', sent: 1, id: body.job_id });
    } else {
      const answered = (await isSignedOut(request)) ? SIGNED_OUT : answerOf(request, body.message);
      // It may have been cancelled meanwhile, and sent again.
      if (this.#requests.get(key) === request) {
        this.#requests.delete(key);
        this.#refused(key, answered);
      }
    }
    this.#send();
  }

  #refused(key: number, answered: Answered): void {
    const refusal = refusalOf(answered, this.#maxMegabytes);
    const waits = (this.#all.find((upload) => upload.key === key)?.waits ?? 0) + 1;
    if (refusal.afterS === undefined) return this.#change(key, { state: 'refused', refusal });
    const longer = Math.min(LONGEST_WAIT_S, refusal.afterS * 2 ** (waits - 1));
    this.#heldUntil = Date.now() + Math.max(refusal.afterS, longer) * 1_000;
    this.#change(key, { state: 'waiting', sent: 0, refusal, waits });
  }

  #change(key: number, change: Partial<Upload>): void {
    this.#set(this.#all.map((upload) => (upload.key === key ? { ...upload, ...change } : upload)));
  }

  #set(all: readonly Upload[]): void {
    this.#all = all;
    for (const onChange of this.#watchers) onChange();
  }
}

export const uploads = new Uploads();

export function isUnderWay({ state }: Upload): boolean {
  return state === 'waiting' || state === 'sending';
}

// Who closes the tab would lose what is not sent.
window.addEventListener('beforeunload', (event) => {
  if (uploads.all.some(isUnderWay)) event.preventDefault();
});

/** Whether the same file may be taken another time. */
export function isWorthAnother({ state, refusal }: Upload): boolean {
  return state === 'cancelled' || (state === 'refused' && refusal?.isWorthAnother === true);
}

export function useUploads(): readonly Upload[] {
  const [all, setAll] = useState(uploads.all);
  useEffect(() => {
    setAll(uploads.all);
    return uploads.watch(() => setAll(uploads.all));
  }, []);
  return all;
}

function bodyOf({ responseText }: XMLHttpRequest): { job_id?: string; message?: string } {
  try {
    return JSON.parse(responseText) as { job_id?: string; message?: string };
  } catch {
    return {};
  }
}

function answerOf(request: XMLHttpRequest, message: string | undefined): Answered {
  const { status } = request;
  return { status, message, retryAfterS: retryAfterOf(request.getResponseHeader('retry-after')) };
}

const SIGNED_OUT: Answered = { status: 401, message: undefined, retryAfterS: undefined };

/** An upload is led to the app's sign-in without being told: what another request is told says whether it was. */
async function isSignedOut({ status, responseURL }: XMLHttpRequest): Promise<boolean> {
  const isLedElsewhere = status === 0 || responseURL !== addressOf('process');
  if (!isLedElsewhere) return false;
  const why = await call('api/about').catch((error: unknown) => error);
  return why instanceof CallError && why.status === 401;
}
