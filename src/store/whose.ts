import type { Database, Row } from './database.js';
import type { ListedDocument } from './document.js';
import { parsed } from './json.js';
import type { Sender } from './unfinished.js';

/** Whose a document is, and what names it. */
export interface WhoseDocument {
  owner: string;
  sender: Sender;
  name: string;
  /** ISO 8601. */
  uploadedAt: string;
}

export async function whoseDocument(database: Database, id: string): Promise<WhoseDocument | undefined> {
  const [row] = await database.query(
    `SELECT ${WHOSE}, coalesce(listing, document)::text AS listing FROM quire.documents WHERE id = $1`,
    [id],
  );
  return row && whoseIn(row);
}

/** The columns that tell it, beside `listing`. */
export const WHOSE = `owner, sender::text AS sender,
  to_char(uploaded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS uploaded_at`;

export function whoseIn(row: Row): WhoseDocument {
  const { document_name, filename } = parsed(row.listing) as ListedDocument;
  return {
    owner: String(row.owner),
    sender: parsed(row.sender) as Sender,
    name: document_name || filename,
    uploadedAt: String(row.uploaded_at),
  };
}
