import { z } from 'zod';
import { processingPlan, type ProcessingPlan } from '../processor/plan.js';
import type { Row } from './database.js';
import type { ListedDocument, StoredDocument } from './document.js';
import { parsed } from './json.js';
import { documentIn, type Listings } from './listings.js';

/** Who sent a document: what the flags were evaluated for. */
export interface Sender {
  userId?: string | undefined;
  sessionId?: string | undefined;
  properties?: Record<string, string | number> | undefined;
  requestId?: string | undefined;
  /** Whose shares and bounds its documents use, where that is not their owner: of senders without a name. */
  fairAs?: string | undefined;
}

/** Whose shares and bounds a document uses. */
export function fairAs({ owner, sender }: { owner: string; sender: Sender }): string {
  return sender.fairAs ?? owner;
}

/** What an app says of a sender is not checked when it comes: what cannot be used must not keep a document. */
const keptSender: z.ZodType<Sender> = z.object({
  userId: z.string().optional().catch(undefined),
  sessionId: z.string().optional().catch(undefined),
  properties: z
    .record(z.string(), z.union([z.string(), z.number()]))
    .optional()
    .catch(undefined),
  requestId: z.string().optional().catch(undefined),
  fairAs: z.string().optional().catch(undefined),
});

/** A sender as a row has it. */
export function senderOf(kept: unknown): Sender {
  return keptSender.parse(parsed(kept));
}

/** A document as it comes. */
export interface NewDocument {
  document: StoredDocument;
  owner: string;
  sender: Sender;
  plan: ProcessingPlan;
  /** What was decided about it, for whichever process reads it. */
  decision?: string | undefined;
}

/** A document whose reading has not ended, with all that is needed to go on. */
export interface UnfinishedDocument {
  /** Without what was read of it before: the records of all that waits would fill the memory. */
  document: ListedDocument;
  owner: string;
  sender: Sender;
  /** null where a version before took it in and did not decide it. */
  plan: ProcessingPlan | null;
  /** How often its PDF was opened without its texts having been read. */
  openings: number;
  /** The name of its reading. */
  run: string;
  /** What was decided about it, where another process may read it than the one that took it in. */
  decision: string | undefined;
}

/** The columns that tell of it. */
export const UNFINISHED =
  'id, listing::text AS listing, owner, sender::text AS sender, plan::text AS plan, openings, run, decision::text AS decision';

/** @returns undefined when the document was deleted meanwhile */
export async function unfinishedIn(row: Row, listings: Listings): Promise<UnfinishedDocument | undefined> {
  const document = row.listing === null ? await listings.of(String(row.id)) : documentIn(row.listing);
  return (
    document && {
      document,
      owner: String(row.owner),
      sender: senderOf(row.sender),
      plan: row.plan === null ? null : processingPlan.parse(parsed(row.plan)),
      openings: Number(row.openings),
      run: String(row.run),
      decision: typeof row.decision === 'string' ? row.decision : undefined,
    }
  );
}
