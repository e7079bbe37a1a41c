import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { z } from 'zod';
import type { Settings } from '../settings.js';
import { PageReader, type PageTexts } from '../stages/page-texts.js';
import { PdfError } from '../stages/pdf-error.js';
import { faultOf } from './faults.js';
import { oneLine, writeError } from './report/terminal.js';
import { TrialError } from './trial-error.js';

/** A document to try plans on: its page texts are read once, so that all runs see the same. */
export interface TrialDocument {
  /** The file as it was named. */
  file: string;
  /** By page number from 1, ascending. */
  texts: PageTexts['texts'];
  /** Pages of a PDF that could not be read, or only in part. No run sees more of them. */
  unreadablePages: PageTexts['unreadablePages'];
}

/**
 * Reads PDFs, and JSON files that hold page texts by page number, with progress on the terminal.
 *
 * @throws {TrialError} naming every file that cannot be read, and why
 */
export async function readDocuments(files: readonly string[], settings: Settings): Promise<TrialDocument[]> {
  const reader = new PageReader({
    maxPages: settings.PDF_MAX_PAGES,
    timeLimitMs: settings.PDF_TIME_LIMIT_MS,
    ocrTimeLimitMs: settings.OCR_TIME_LIMIT_MS,
    ocrDocumentTimeLimitMs: settings.OCR_DOCUMENT_TIME_LIMIT_MS,
    memoryMb: settings.PDF_MEMORY_MB,
    languages: settings.OCR_LANGUAGES,
  });
  const documents: TrialDocument[] = [];
  const unreadable: string[] = [];
  try {
    for (const file of files) {
      writeError(`${oneLine(file)}: reading the pages`);
      try {
        documents.push(await readDocument(file, reader));
      } catch (error) {
        unreadable.push(`${oneLine(file)} cannot be read: ${reasonOf(error)}`);
      }
    }
  } finally {
    await reader.close();
  }
  if (unreadable.length > 0) throw new TrialError(unreadable.join('\n'));
  return documents;
}

async function readDocument(file: string, reader: PageReader): Promise<TrialDocument> {
  const kind = extname(file).toLowerCase();
  if (kind !== '.pdf' && kind !== '.json') throw new TrialError('It must be a .pdf or a .json file.');
  const bytes = await readFile(file);
  if (kind === '.json') return { file, texts: pageTexts(bytes), unreadablePages: [] };
  const { texts, unreadablePages } = await reader.read(bytes);
  return { file, texts, unreadablePages };
}

const PAGE_NUMBER = /^[1-9]\d{0,14}$/;

const pagesOfJson = z
  .record(z.string().regex(PAGE_NUMBER), z.string().nullable())
  .refine((pages) => Object.keys(pages).length > 0);

function pageTexts(bytes: Uint8Array): Map<number, string> {
  const pages = pagesOfJson.safeParse(jsonIn(bytes));
  if (!pages.success) {
    throw new TrialError('It must hold page texts by page number, like {"1": "...", "2": "..."}.');
  }
  const texts = Object.entries(pages.data).map(([page, text]) => [Number(page), text ?? ''] as const);
  return new Map(texts.sort(([a], [b]) => a - b));
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The error of JSON.parse quotes the text.
    throw new TrialError('It is not JSON.');
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof TrialError || error instanceof PdfError) return error.message;
  return faultOf(error);
}
