import express, { type Request, type RequestHandler, type Response } from 'express';
import type { ExportedCorrection } from '../api/export.js';
import { corrected } from '../documents/corrected.js';
import { exportedFields, type ExportedField } from '../documents/exported-fields.js';
import type { Logger } from '../logger.js';
import type { Correction } from '../store/corrections.js';
import type { ListedDocument, StoredDocument } from '../store/document.js';
import { outlineOf } from '../store/json-text.js';
import type { Store } from '../store/store.js';
import type { Access } from './access.js';
import { answeringErrors, notFound, refuse } from './answers.js';
import { csvOf } from './csv.js';
import { notKept } from './not-kept.js';
import { sendJson, sendParts } from './sending.js';

export interface ExportRoutes {
  /** The store, once it is open. */
  opened: () => Promise<{ store: Store }>;
  access: Access;
  logger: Logger;
}

const NO_RECORD = 'The document has no record yet';

/** The whole record of a document as a file. */
export function exportRouter({ opened, access, logger }: ExportRoutes): RequestHandler {
  const router = express.Router();

  router.get('/api/document/:id/export.json', notKept, async (request, response) => {
    const { store } = await opened();
    const { id } = request.params;
    const granted = await access.toRead(request, id, store);
    const kept = granted && (await store.text(id, granted.owner));
    const beside = granted && (await store.beside(id, granted.owner));
    if (!kept || !beside) return notFound(response);
    const corrections = await store.corrections.of(id);
    const isCorrected = isAsked(request) && corrections.length > 0;
    const { documents, ...document } = isCorrected
      ? withValues(JSON.parse(kept.text) as StoredDocument, corrections)
      : await outlineOf<StoredDocument>(kept.text);
    const [record] = documents;
    if (!record) return refuse(response, 409, NO_RECORD);
    attach(response, document, 'json');
    const { evidence, notes } = beside;
    await sendJson(response, { document, record, evidence, notes, corrections: corrections.map(exported) });
  });

  router.get('/api/document/:id/export.csv', notKept, async (request, response) => {
    const { store } = await opened();
    const { id } = request.params;
    const granted = await access.toRead(request, id, store);
    const listed = granted && (await store.whose(id));
    if (!listed) return notFound(response);
    const reviewed = await store.corrections.reviewed(id);
    if (!reviewed) return refuse(response, 409, NO_RECORD);
    const fields = exportedFields(reviewed, await store.corrections.of(id));
    attach(response, { document_name: listed.name, filename: listed.name }, 'csv');
    response.set('Content-Type', 'text/csv; charset=utf-8; header=present');
    await sendParts(response, () => csvOf(isAsked(request) ? asCorrected(fields) : fields));
  });

  return answeringErrors(router, logger);
}

/** Whether people's values are to stand in place of those that were read. */
function isAsked({ query }: Request): boolean {
  return query.corrected === '1';
}

function withValues(document: StoredDocument, corrections: readonly Correction[]): StoredDocument {
  return { ...document, documents: document.documents.map((entry) => corrected(entry, corrections)) };
}

function* asCorrected(fields: Iterable<ExportedField>): Generator<ExportedField, void> {
  for (const field of fields) yield { ...field, value: field.corrected ?? field.value };
}

function exported({ readValue, personName, ...said }: Correction): ExportedCorrection {
  const { account, field, action, reading, value, at } = said;
  return { account, field, action, reading, read_value: readValue, value, person: personName, at };
}

const LONGEST_NAME = 100;

/** As a file whose name no system takes for anything but a name. */
function attach(
  response: Response,
  { document_name: name, filename }: Pick<ListedDocument, 'document_name' | 'filename'>,
  extension: string,
): void {
  const plain = (name || filename)
    .replace(/\.pdf$/i, '')
    .replace(/[\p{C}\p{Zl}\p{Zp}\\/:*?"<>|]+/gu, '_')
    .replace(/^[.\s]+|[.\s]+$/g, '');
  const short = Array.from(plain).slice(0, LONGEST_NAME).join('');
  response.attachment(`${short || 'document'}.${extension}`);
  response.set('X-Content-Type-Options', 'nosniff');
}
