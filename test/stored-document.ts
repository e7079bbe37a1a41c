import { randomUUID } from 'node:crypto';
import type { StoredDocument } from '../src/index.js';

/** A document as it is kept when it was just uploaded. */
export function unread(): StoredDocument {
  return {
    id: randomUUID(),
    filename: 'a.pdf',
    document_name: 'a',
    processed_date: new Date().toISOString(),
    status: 'extracting',
    stage: 'ocr_extraction',
    error: null,
    total_pages: 0,
    document_type_info: { document_type: 'unknown', document_type_display: '' },
    processing_cost: { llm_calls: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0 },
    documents: [],
  };
}
