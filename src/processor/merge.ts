import { codePointLength, strip } from '../text.js';

/** A value and how sure the model is of it, 0 to 100. */
export interface ConfidentValue {
  value: string;
  confidence: number;
}

/** A field as a record holds it; plain text only from callers that bring their own page results. */
export type FieldValue = ConfidentValue | string;
export type Fields = Record<string, FieldValue>;

/** One page's own fields. */
export interface PageResult {
  page_number: number;
  extracted_data: Fields;
}

/** The record of an account, key by key as existing viewers read it (CURRENT_SYSTEM, Merging). */
export interface AccountRecord {
  /** null for a document in which no page names an account. */
  accountNumber: string | null;
  result: Fields;
  page_data: Record<string, Fields>;
  /** Whole percent of filled fields, cut, not rounded. */
  accuracy_score: number;
  filled_fields: number;
  total_fields: number;
  pages: number[];
  needs_human_review: boolean;
  processing_method: string;
}

/**
 * Merges an account's page results into its record. Pages are merged in ascending order, whatever
 * order they come in (DESIGN, row 2), fields in the order they arrive.
 *
 * @param pages all the account's pages, with or without fields
 * @returns null when no page has fields
 */
export function mergePageResults(
  accountNumber: string | null,
  pageResults: readonly PageResult[],
  pages: readonly number[],
): AccountRecord | null {
  const inOrder = pageResults
    .filter((result) => Object.keys(result.extracted_data).length > 0)
    .sort((a, b) => a.page_number - b.page_number);
  if (inOrder.length === 0) return null;
  const result = mergeFields(inOrder.flatMap((page) => Object.entries(page.extracted_data)));
  const values = Object.values(result);
  const filled = values.filter(isFilled).length;
  const accuracy = Math.trunc((filled / values.length) * 100);
  return {
    accountNumber,
    result,
    page_data: Object.fromEntries(inOrder.map((page) => [String(page.page_number), page.extracted_data])),
    accuracy_score: accuracy,
    filled_fields: filled,
    total_fields: values.length,
    pages: [...pages],
    needs_human_review: accuracy < 90,
    processing_method: 'regex_detection + page_by_page_llm_extraction',
  };
}

/** Fields in the order they arrive, a name seen again decided by the merge rule (CURRENT_SYSTEM, Merging). */
export function mergeFields(fields: Iterable<readonly [name: string, value: FieldValue]>): Fields {
  // A Map, and fromEntries, because a model may name a field `__proto__`.
  const merged = new Map<string, FieldValue>();
  for (const [name, value] of fields) {
    const kept = merged.get(name);
    if (kept === undefined || replaces(value, kept)) merged.set(name, value);
  }
  return Object.fromEntries(merged);
}

function replaces(value: FieldValue, kept: FieldValue): boolean {
  if (typeof value === 'string') {
    const text = typeof kept === 'string' ? kept : pythonText(kept);
    return strip(text) === '' || text === 'N/A' || codePointLength(value) > codePointLength(text);
  }
  if (typeof kept === 'string') return true;
  if (value.confidence !== kept.confidence) return value.confidence > kept.confidence;
  return codePointLength(value.value) > codePointLength(kept.value);
}

/** The old system compares with the printed object, so plain text replaces one only when longer than that. */
function pythonText({ value, confidence }: ConfidentValue): string {
  return `{'value': '${value}', 'confidence': ${confidence}}`;
}

export function textOf(field: FieldValue): string {
  return typeof field === 'string' ? field : field.value;
}

/** The field of this name, and nothing that every object has: a model may name a field `constructor`. */
export function fieldNamed(fields: Fields | undefined, name: string): FieldValue | undefined {
  return fields && Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** Whether a field has a value (CURRENT_SYSTEM, Merging). */
export function isFilled(field: FieldValue): boolean {
  const value = textOf(field);
  return strip(value) !== '' && value !== 'N/A' && value.toLowerCase() !== 'unknown';
}
