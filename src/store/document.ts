import type { AnswerForm } from '../llm/wire.js';
import type { SupportedEvidence } from '../stages/support/support.js';
import type { DocumentRecord } from '../stages/record.js';

/**
 * The version of the documents this one writes, and the latest it takes up. It is raised when what is kept
 * of a document being read changes so that the version before could not go on with it.
 */
export const DOCUMENT_VERSION = 2;

/** What a list shows of a document, key by key as existing clients read it. */
export interface ListedDocument {
  id: string;
  filename: string;
  document_name: string;
  /** ISO 8601, the time of the upload until the document is processed. */
  processed_date: string;
  status: 'extracting' | 'completed' | 'failed';
  /** The stage reached: of a failed document, the one it failed in. */
  stage: string;
  /** Why the document failed, for the person who sent it. */
  error: string | null;
  total_pages: number;
  document_type_info: DocumentType;
  processing_cost: ProcessingCost;
}

/** What a list shows of it beside that. */
export interface DocumentInList extends ListedDocument {
  /** What it is read under, like `batch 2x3`; null where a version before did not decide it. */
  plan: string | null;
  /** Pages of its record that could not be read. */
  failed_pages: number;
  /** Whether a person should look at its record. */
  needs_review: boolean;
  /**
   * How many of its values people have checked; null without a record, and where it is not known: what was said before
   * a retry may hold for another value by now.
   */
  review: { checked: number; total: number } | null;
}

/** What the upload flow keeps of a document. */
export interface StoredDocument extends ListedDocument {
  /** A list of one, once the document is processed. */
  documents: ProcessedDocument[];
}

/** A remark about a reading, for whoever looks at its record. */
export interface Note {
  /**
   * `asked_again`: a batch did not answer the page well, and it was asked alone; `detail` says why.
   * `account_in_passing`: the page belongs to its account because of a number in running text.
   * `joined_in_passing`: the page names no account, and follows one that is named so; `detail` is that page.
   * `few_fields`: the page's answer is far shorter than the page; `detail` is "fields of values that stand there".
   * `field_dropped`: so many fields of the page, `detail`, were in no form that can be read, twice.
   * `unsure_text`: OCR was unsure of most of what it saw on the page; `detail` is how sure, of 100.
   * `service_refused`: the page failed, and `detail` is what the model service said.
   */
  kind:
    | 'asked_again'
    | 'account_in_passing'
    | 'joined_in_passing'
    | 'few_fields'
    | 'field_dropped'
    | 'unsure_text'
    | 'service_refused';
  page?: number;
  /** null where it belongs to none. */
  account?: string | null;
  detail: string;
}

/** What stands beside a document's records. */
export interface BesideRecord {
  /** Where the values stand, and how far each can be trusted; null where a version before read them. */
  evidence: SupportedEvidence[] | null;
  notes: Note[];
}

/** How the values of a record were read, where that is one and the same for all of them. */
export interface ReadAs {
  model: string | null;
  answer_form: AnswerForm | null;
}

/** What is kept with a new record. */
export interface KeptWithRecord extends BesideRecord {
  readAs: ReadAs;
}

export interface DocumentType {
  document_type: string;
  document_type_display: string;
}

export interface ProcessingCost {
  llm_calls: number;
  input_tokens: number;
  output_tokens: number;
  /** null where it is not known: no price, or no call that told its usage. */
  cost_usd: number | null;
  /** Calls that may have been billed beside it; versions up to 0.2.0 kept none. */
  unknown_usage_calls?: number;
}

/** The record of a document with what the viewers show beside it. */
export interface ProcessedDocument extends DocumentType, DocumentRecord {
  extracted_fields: { total_accounts: number; accounts_processed: number };
  needs_human_review: boolean;
}
