import { randomBytes } from 'node:crypto';
import { open as openFile } from 'node:fs/promises';
import type { AnswerCache } from '../processor/answers.js';
import type { PageWord } from '../processor/words.js';
import type { ProcessingPlan } from '../processor/plan.js';
import { SettingsError } from '../settings.js';
import type { OcrCache } from '../stages/document-ocr.js';
import type { PageTexts } from '../stages/page-texts.js';
import { lookedAt, type LookedAtInAll } from './accuracy.js';
import { answersOf } from './answers.js';
import type { SupportedEvidence } from '../stages/support/support.js';
import { besideOf, type BesideRecordNow } from './beside.js';
import { candidatesIn, type AskedCandidates, type Candidate } from './candidates.js';
import { Corrections } from './corrections.js';
import { StoreError, type Client, type Database, type Query, type StoreTrouble } from './database.js';
import { Deliveries, keepDelivery } from './deliveries.js';
import {
  DOCUMENT_VERSION,
  type DocumentInList,
  type KeptWithRecord,
  type ListedDocument,
  type ProcessingCost,
  type StoredDocument,
} from './document.js';
import {
  DELETED,
  eventsOf,
  keepEvents,
  type EventsOfDocument,
  type Claim,
  type StoredEvent,
} from './events.js';
import { JsonText, outlineOf, type Outline } from './json-text.js';
import { json, parsed, UUID } from './json.js';
import { LISTED, listed, Listings, type PageOfDocuments } from './listings.js';
import { migrate } from './migrations.js';
import { openDatabase, type StoreSettings } from './open-database.js';
import { keepPages, wordsOf, wordsOfPage } from './pages.js';
import {
  keepOtherReading,
  readingRecord,
  readingsOf,
  type OtherReading,
  type Reading,
  type ReadingsOfDocument,
} from './readings.js';
import { keepCountsOf } from './past-reviews.js';
import type { DocumentSearch } from './search.js';
import { ShadowSpending } from './shadow-spending.js';
import { SharedStates } from './shared-states.js';
import { SharedCalls, type SharedCallSettings } from './shared-calls.js';
import {
  cancelDocument,
  failedOfLate,
  unendedDocuments,
  type Cancelling,
  type FailedDocuments,
  type PageOfUnended,
} from './unended.js';
import { recentDocuments, type RecentDocument } from './recent.js';
import { LIVES, NEXT_WORKFLOW, Replicas } from './replicas.js';
import { expireOfTerminal, terminalAnswersOf } from './terminal-answers.js';
import { forgetTerminalScans, terminalScansOf } from './terminal-scans.js';
import { UNFINISHED, unfinishedIn, type NewDocument, type UnfinishedDocument } from './unfinished.js';
import { documentForCase, type DocumentForCase } from './for-case.js';
import { whoseDocument, type WhoseDocument } from './whose.js';
import { Viewers } from './viewers.js';
import { watched, type WatchedDatabase } from './watched.js';

const PART_BYTES = 1024 * 1024;

/**
 * Hands a document in, in the transaction that keeps it.
 *
 * @param workflow the name its reading has among all replicas
 * @param turn documents with a lower one are read before it
 */
export type HandIn = (workflow: string, turn: number, client: Client) => Promise<void>;

/**
 * What is kept of documents: their PDFs and records, the answers that were paid for, and what is needed
 * to go on with those not finished when a process ends. Every document belongs to an owner, and is
 * there for nobody else.
 *
 * @throws {StoreError} from every method, when the database cannot be used for now
 */
export class Store {
  readonly #database: WatchedDatabase;
  readonly #listings: Listings;
  readonly #keepsPages: boolean;
  #isShared = false;

  private constructor(database: Database, keepsPages: boolean) {
    this.#keepsPages = keepsPages;
    this.#database = watched(database);
    this.#listings = new Listings(this.#database);
  }

  /**
   * Opens the database and brings it up to date.
   *
   * @param onInUse told, while the embedded database's folder is waited for, that another Quire has it
   * @throws {StoreError} when it cannot be opened now
   * @throws {SettingsError} when what is given cannot be used
   */
  static async open(settings: StoreSettings, onInUse?: (error: StoreError) => void): Promise<Store> {
    let database: Database | undefined;
    try {
      database = await openDatabase(settings, onInUse);
      await migrate(database);
      return new Store(database, settings.keepsPages ?? true);
    } catch (error) {
      await database?.close();
      if (error instanceof StoreError || error instanceof SettingsError) throw error;
      throw new StoreError('unreachable', { cause: error });
    }
  }

  /** What the last statement could not be done for; undefined as soon as one succeeds. */
  get trouble(): StoreError | undefined {
    return this.#database.trouble;
  }

  /** How many statements could not be done, by trouble. */
  get failures(): ReadonlyMap<StoreTrouble, number> {
    return this.#database.failures;
  }

  /** What the processes on the database know together of the rollout. */
  get shared(): { states: SharedStates; spending: ShadowSpending } {
    return { states: new SharedStates(this.#database), spending: new ShadowSpending(this.#database) };
  }

  /** What people say of values. */
  get corrections(): Corrections {
    return new Corrections(this.#database);
  }

  /** Who has a document open for review. */
  get viewers(): Viewers {
    return new Viewers(this.#database);
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  /** Where the database is, as the processes that share it reach it; undefined where none but this one can. */
  get address(): string | undefined {
    return this.#database.address;
  }

  /** The replicas that share the database; from now on all of them are told what becomes of a document. */
  share(): Replicas {
    this.#isShared = true;
    return new Replicas(this.#database);
  }

  /**
   * Keeps what is kept here for this process alone to read, until the store is closed.
   *
   * @throws {StoreError} `shared` when another does
   */
  reserve(): Promise<void> {
    return this.#database.reserve();
  }

  /**
   * Keeps a document that is still to be read, with its PDF from a file and its first events: all or
   * nothing of it.
   *
   * @param reading who begins to read it: this process, under the name of the reading, or whoever takes it from where
   *   it is handed in
   */
  async add(
    { document, owner, sender, plan, decision }: NewDocument,
    path: string,
    events: readonly StoredEvent[],
    reading: { run: string } | { handIn: HandIn },
  ): Promise<void> {
    const file = await openFile(path);
    const run = 'run' in reading ? reading.run : null;
    const { id } = document;
    const workflow = 'run' in reading ? null : id;
    try {
      await this.#database.transaction(async (query, client) => {
        await query(
          `INSERT INTO quire.documents (id, listing, llm_calls, input_tokens, output_tokens, cost_usd,
             unknown_usage_calls, document, status, owner, sender, plan, version, run, decision, workflow, fair_as)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
          [document.id, ...listed(document)].concat([
            json(document),
            document.status,
            owner,
            json(sender),
            json(plan),
            DOCUMENT_VERSION,
            run,
            decision ?? null,
            workflow,
            sender.fairAs ?? null,
          ]),
        );
        for (let part = 0; ; part++) {
          const { bytesRead, buffer } = await file.read(Buffer.alloc(PART_BYTES), 0, PART_BYTES, null);
          if (bytesRead === 0) break;
          const bytes = buffer.subarray(0, bytesRead);
          const columns = '(document_id, part, bytes)';
          await query(`INSERT INTO quire.pdf_parts ${columns} VALUES ($1, $2, $3)`, [
            document.id,
            part,
            bytes,
          ]);
        }
        await keepEvents(query, { id, run }, events);
        if ('handIn' in reading) await handIn(reading.handIn, { id, workflow: id }, query, client);
      });
    } finally {
      await file.close();
    }
  }

  /**
   * Keeps events of a reading.
   *
   * @returns false when the document is another's to read by now, or nobody's
   */
  keepEvents(claim: Claim, events: readonly StoredEvent[]): Promise<boolean> {
    const query: Query = (sql, parameters) => this.#database.query(sql, parameters);
    return keepEvents(query, claim, events, this.#isShared);
  }

  /**
   * The events of a document, in order.
   *
   * @param after the number of the last event that is known, 0 for none
   * @returns undefined when there is no such document
   */
  async events(id: string, after: number): Promise<EventsOfDocument | undefined> {
    return UUID.test(id) ? eventsOf(this.#database, id, after) : undefined;
  }

  /** Keeps the plan of a document that a version before took in without one. */
  async keepPlan({ id, run }: Claim, plan: ProcessingPlan): Promise<void> {
    await this.#database.query(`UPDATE quire.documents SET plan = $2 WHERE ${MINE}`, [id, json(plan), run]);
  }

  /** Counts that the document's PDF is opened, which `keepPageTexts` takes back. */
  async opening(id: string): Promise<void> {
    await this.#database.query('UPDATE quire.documents SET openings = openings + 1 WHERE id = $1', [id]);
  }

  /** Keeps what was read of a document's pages; nothing when it is another's to read by now. */
  async keepPageTexts({ id, run }: Claim, pages: PageTexts): Promise<void> {
    const { words: _words, texts, ...about } = pages;
    await this.#database.transaction(async (query) => {
      const mine = await query(
        `UPDATE quire.documents SET page_texts = $2, openings = 0 WHERE ${MINE} RETURNING id`,
        [id, json({ ...about, texts: [...texts] }), run],
      );
      if (mine.length > 0) await keepPages(query, id, pages);
    });
  }

  /** What was read of a document's pages before. */
  async pageTexts(id: string): Promise<PageTexts | undefined> {
    const [row] = await this.#database.query(
      'SELECT page_texts::text AS texts FROM quire.documents WHERE id = $1',
      [id],
    );
    if (typeof row?.texts !== 'string') return undefined;
    const kept = parsed(row.texts) as Omit<PageTexts, 'texts'> & { texts: [number, string][] };
    return { ...kept, texts: new Map(kept.texts), words: await wordsOf(this.#database, id) };
  }

  /**
   * Keeps what came of a reading, with its last events; nothing when the document was deleted meanwhile or is
   * another's to read.
   *
   * @param document without a list of its records, those kept of an earlier reading stay
   * @param beside what stands beside the records, where there are new ones
   * @param told what the app's webhook is told of it
   * @returns whether it was kept
   */
  async finish(
    document: StoredDocument | ListedDocument,
    run: string,
    events: readonly StoredEvent[],
    beside?: KeptWithRecord,
    told?: object,
  ): Promise<boolean> {
    const whole = 'documents' in document ? document : await this.#withRecords(document);
    if (!whole) return false;
    return this.#database.transaction(async (query) => {
      await keepEvents(query, { id: whole.id, run }, events, this.#isShared);
      const mine = await query(
        `UPDATE quire.documents SET ${LISTED}, document = $8, status = $9, page_texts = NULL,
           evidence = coalesce($11::json, evidence), notes = coalesce($12::json, notes),
           read_as = coalesce($13::json, read_as)
         WHERE id = $1 AND run = $10 AND status = 'extracting' RETURNING id`,
        [whole.id, ...listed(whole)].concat([
          json(whole),
          whole.status,
          run,
          beside ? json(beside.evidence) : null,
          beside ? json(beside.notes) : null,
          beside ? json({ run, ...beside.readAs }) : null,
        ]),
      );
      if (mine.length > 0 && !this.#keepsPages) {
        await query('DELETE FROM quire.pages WHERE document_id = $1', [whole.id]);
      }
      if (mine.length > 0 && told) await keepDelivery(query, whole.id, told);
      return mine.length > 0;
    });
  }

  /** What stands beside a document's records; undefined when the owner has none of this id. */
  async beside(id: string, owner: string): Promise<BesideRecordNow | undefined> {
    return UUID.test(id) ? besideOf(this.#database, id, owner) : undefined;
  }

  /** The readings of a document whose records are kept; undefined when the owner has none of this id. */
  async readings(id: string, owner: string): Promise<ReadingsOfDocument | undefined> {
    return UUID.test(id) ? readingsOf(this.#database, id, owner) : undefined;
  }

  /** The record of one of them; undefined when the owner has none. */
  async readingRecord(
    id: string,
    owner: string,
    reading: Pick<Reading, 'number' | 'kind'>,
  ): Promise<JsonText | undefined> {
    return UUID.test(id) ? readingRecord(this.#database, id, owner, reading) : undefined;
  }

  /**
   * Keeps the record of a document's other path, and what that says of the evidence.
   *
   * @param other what is to be kept beside the document as it then stands; undefined for nothing
   */
  keepOtherReading(
    id: string,
    other: (document: StoredDocument, evidence: SupportedEvidence[] | null) => OtherReading | undefined,
  ): Promise<void> {
    return keepOtherReading(this.#database, id, other);
  }

  async #withRecords(document: ListedDocument): Promise<StoredDocument | undefined> {
    const [row] = await this.#database.query(
      'SELECT document::text AS document FROM quire.documents WHERE id = $1',
      [document.id],
    );
    return row && { ...document, documents: (parsed(row.document) as StoredDocument).documents };
  }

  /**
   * Puts a finished document back among the unfinished ones.
   *
   * @param reading as of a document that is added
   * @returns undefined when it is being read already or is not there
   */
  async reopen(
    document: StoredDocument,
    owner: string,
    reading: { run: string } | { handIn: HandIn },
  ): Promise<UnfinishedDocument | undefined> {
    const run = 'run' in reading ? reading.run : null;
    const workflow = 'run' in reading ? 'workflow' : NEXT_WORKFLOW;
    return this.#database.transaction(async (query, client) => {
      const [row] = await query(
        `UPDATE quire.documents SET ${LISTED}, document = $8, status = 'extracting', run = $9, version = $10,
           openings = 0, decision = NULL, replica = NULL, workflow = ${workflow}
         WHERE id = $1 AND owner = $11 AND status <> 'extracting' AND version <= $10
         RETURNING ${UNFINISHED}, workflow`,
        [document.id, ...listed(document), json(document), run, DOCUMENT_VERSION, owner],
      );
      if (!row) return undefined;
      if ('handIn' in reading) {
        const about = { id: document.id, workflow: String(row.workflow) };
        await handIn(reading.handIn, about, query, client);
      }
      return unfinishedIn(row, this.#listings);
    });
  }

  /**
   * Documents of all owners that are read or wait for that, the oldest first.
   *
   * @param after the `next` of the page before
   * @returns undefined when `after` is none
   */
  unended(limit: number, after?: string): Promise<PageOfUnended | undefined> {
    return unendedDocuments(this.#database, limit, after);
  }

  /** The documents that came last, of all owners, the newest first. */
  recent(limit: number): Promise<RecentDocument[]> {
    return recentDocuments(this.#database, limit);
  }

  /** Ends a document that has not ended, whichever process has it: what that one still writes of it is refused. */
  cancel(
    id: string,
    how: Omit<Cancelling, 'keepsPages' | 'isShared'>,
  ): Promise<'cancelled' | 'ended' | 'later' | 'unknown'> {
    return cancelDocument(this.#database, id, {
      ...how,
      keepsPages: this.#keepsPages,
      isShared: this.#isShared,
    });
  }

  /**
   * Documents of all owners that failed in the last `hours`, at most `most` of them.
   *
   * @param except those that failed with this error
   */
  failedOfLate(hours: number, most: number, except: string): Promise<FailedDocuments> {
    return failedOfLate(this.#database, hours, most, except);
  }

  /** Whose a document is; undefined when there is none of this id. */
  async ownerOf(id: string): Promise<string | undefined> {
    if (!UUID.test(id)) return undefined;
    const [row] = await this.#database.query('SELECT owner FROM quire.documents WHERE id = $1', [id]);
    return row && String(row.owner);
  }

  /** Whose a document is and who sent it, for whoever else may see it; undefined when there is none of this id. */
  async whose(id: string): Promise<WhoseDocument | undefined> {
    return UUID.test(id) ? whoseDocument(this.#database, id) : undefined;
  }

  /** The values of all owners that people confirmed and corrected, counted; of the last `days`, or all. */
  lookedAt(days?: number): Promise<LookedAtInAll> {
    return lookedAt(this.#database, days);
  }

  /** A document of any owner with what people said of its values; undefined when there is none of this id. */
  async forCase(id: string): Promise<DocumentForCase | undefined> {
    return UUID.test(id) ? documentForCase(this.#database, id) : undefined;
  }

  /** Whether a later version than this one has written the document, so that this one cannot go on with it. */
  async isOfLaterVersion(id: string): Promise<boolean> {
    const rows = await this.#database.query('SELECT id FROM quire.documents WHERE id = $1 AND version > $2', [
      id,
      DOCUMENT_VERSION,
    ]);
    return rows.length > 0;
  }

  /**
   * Documents that this process is to read, as the only one to do so, and does not. None that a later version has
   * written.
   *
   * @param reading ids of those that it reads
   * @returns ids, the oldest first; none while another process may read them
   */
  async left(reading: readonly string[], most: number): Promise<string[]> {
    if (!this.#database.isReserved()) return [];
    const rows = await this.#database.query(
      `SELECT id FROM quire.documents WHERE status = 'extracting' AND id <> ALL($1::uuid[]) AND version <= $3
         AND NOT EXISTS (SELECT FROM quire.replicas WHERE ${LIVES})
       ORDER BY uploaded_at LIMIT $2`,
      [reading, most, DOCUMENT_VERSION],
    );
    return rows.map(({ id }) => String(id));
  }

  /**
   * Begins a reading of a document: whatever an earlier one still writes of it is refused.
   *
   * @param replica that reads it; null where there is one process alone
   * @param workflow under which it was handed in: one that was handed in again since is another's. Default: any
   * @returns with whether nobody has begun to read it before; undefined when it has ended, is gone, or was written by
   *   a later version
   */
  async claim(
    { id, run }: Claim,
    replica: string | null,
    workflow?: string,
  ): Promise<{ unfinished: UnfinishedDocument; isFirst: boolean } | undefined> {
    const [row] = await this.#database.query(
      `UPDATE quire.documents AS documents SET run = $2, replica = $3, version = $4
       FROM (SELECT id AS found, run IS NULL AS is_first FROM quire.documents WHERE id = $1 FOR UPDATE) AS before
       WHERE id = found AND status = 'extracting' AND version <= $4 AND ($5::text IS NULL OR workflow = $5)
       RETURNING ${UNFINISHED}, is_first`,
      [id, run, replica, DOCUMENT_VERSION, workflow ?? null],
    );
    const unfinished = row && (await unfinishedIn(row, this.#listings));
    return unfinished && { unfinished, isFirst: row.is_first === true };
  }

  async get(id: string, owner: string): Promise<StoredDocument | undefined> {
    const kept = await this.text(id, owner);
    return kept && (parsed(kept.text) as StoredDocument);
  }

  /** A document as JSON, the way it is kept; undefined when the owner has none of this id. */
  async text(id: string, owner: string): Promise<JsonText | undefined> {
    if (!UUID.test(id)) return undefined;
    const [row] = await this.#database.query(
      'SELECT document::text AS document FROM quire.documents WHERE id = $1 AND owner = $2',
      [id, owner],
    );
    return row && new JsonText(String(row.document));
  }

  /** A document without the values of its records; undefined when the owner has none of this id. */
  async outline(id: string, owner: string): Promise<Outline<StoredDocument> | undefined> {
    const kept = await this.text(id, owner);
    return kept && outlineOf<StoredDocument>(kept.text);
  }

  /**
   * Documents of an owner without their records, the newest first.
   *
   * @param after the `next` of the page before, or a document's id
   * @returns undefined when `after` is neither
   */
  list(
    owner: string,
    limit: number,
    after?: string,
    search?: DocumentSearch,
  ): Promise<PageOfDocuments | undefined> {
    return this.#listings.page(owner, limit, after, search);
  }

  /**
   * The next documents of all owners, the newest first, for whoever may have those of others.
   *
   * @returns undefined when `after` is not the `place` of one
   */
  candidates(asked: AskedCandidates): Promise<Candidate[] | undefined> {
    return candidatesIn(this.#database, this.#listings, asked);
  }

  /** Documents by their ids, as a list shows them, in this order. */
  shown(ids: readonly string[]): Promise<DocumentInList[]> {
    return this.#listings.shown(ids);
  }

  /** How many documents an owner has, or of those that are searched for. */
  count(owner: string, search?: DocumentSearch): Promise<number> {
    return this.#listings.count(owner, search);
  }

  /** The bytes of all PDFs that are kept of whoever shares so, an owner or senders without a name. */
  async keptBytes({ owner, sender }: Pick<NewDocument, 'owner' | 'sender'>): Promise<number> {
    const [whose, name] =
      sender.fairAs === undefined ? ['owner', owner] : [`sender ->> 'fairAs'`, sender.fairAs];
    // The length of what is stored apart is known without reading it.
    const [row] = await this.#database.query(
      `SELECT coalesce(sum(octet_length(bytes)), 0) AS bytes
       FROM quire.documents JOIN quire.pdf_parts ON document_id = id WHERE ${whose} = $1`,
      [name],
    );
    return Number(row?.bytes);
  }

  /** What all documents of an owner cost; in money null as soon as one's is not known. */
  costs(owner: string): Promise<ProcessingCost> {
    return this.#listings.costs(owner);
  }

  /**
   * Fills in what lists need of a few documents that a version before wrote.
   *
   * @returns whether there may be more
   */
  fillListings(): Promise<boolean> {
    return this.#listings.fill();
  }

  /** A document's PDF, a part of at most 1 MB at a time. */
  async *pdf(id: string): AsyncGenerator<Uint8Array, void> {
    for (let part = 0; ; part++) {
      const [row] = await this.#database.query(
        'SELECT bytes FROM quire.pdf_parts WHERE document_id = $1 AND part = $2',
        [id, part],
      );
      if (!row) return;
      yield row.bytes as Uint8Array;
    }
  }

  /** The words of a page in the order of its text; none where they are not kept. */
  pageWords(id: string, number: number): Promise<PageWord[]> {
    return wordsOfPage(this.#database, id, number);
  }

  /** Forgets a document and all that was kept with it but counts of its review; false when the owner has none of this id. */
  async delete(id: string, owner: string): Promise<boolean> {
    if (!UUID.test(id)) return false;
    return this.#database.transaction(async (query) => {
      const found = await query('SELECT id FROM quire.documents WHERE id = $1 AND owner = $2 FOR UPDATE', [
        id,
        owner,
      ]);
      if (found.length === 0) return false;
      await keepCountsOf(query, [id]);
      await query(`DELETE FROM quire.documents WHERE id = $1 ${this.#goneIds}`, [id]);
      return true;
    });
  }

  /** Ends a statement that deletes documents: with their ids, of which all replicas are told. */
  get #goneIds(): string {
    return `RETURNING id${this.#isShared ? `, ${DELETED}` : ''}`;
  }

  /** The name that the reading of a document has among all replicas; undefined where it has none, or there is none. */
  async workflowOf(id: string): Promise<string | undefined> {
    if (!UUID.test(id)) return undefined;
    const [row] = await this.#database.query('SELECT workflow FROM quire.documents WHERE id = $1', [id]);
    return typeof row?.workflow === 'string' ? row.workflow : undefined;
  }

  /** Forgets, in the same way, at most `most` documents uploaded more than `days` days ago, and returns their ids. */
  async expire(days: number, most: number): Promise<string[]> {
    return this.#database.transaction(async (query) => {
      // One that is at work just now goes at the next look.
      const rows = await query(
        `SELECT id FROM quire.documents WHERE uploaded_at < now() - $1 * interval '1 day' LIMIT $2
         FOR UPDATE SKIP LOCKED`,
        [days, most],
      );
      const ids = rows.map(({ id }) => String(id));
      await keepCountsOf(query, ids);
      await query(`DELETE FROM quire.documents WHERE id = ANY($1::uuid[]) ${this.#goneIds}`, [ids]);
      return ids;
    });
  }

  /** The answers one document was given or can use: those of its owner's documents. */
  answers(document: string, owner: string): AnswerCache {
    return answersOf(this.#database, document, owner);
  }

  /** The answers that documents read in a terminal were given. */
  get terminalAnswers(): AnswerCache {
    return terminalAnswersOf(this.#database);
  }

  /** What OCR read of a document in a terminal: the document by its bytes, and all that decides what OCR reads. */
  terminalScans(document: string, reader: string): OcrCache {
    return terminalScansOf(this.#database, document, reader);
  }

  /** Forgets what OCR read of these documents. */
  forgetTerminalScans(documents: readonly string[]): Promise<void> {
    return forgetTerminalScans(this.#database, documents);
  }

  /** Forgets what was kept more than `days` days ago of documents that were read in a terminal. */
  expireOfTerminal(days: number): Promise<void> {
    return expireOfTerminal(this.#database, days);
  }

  /** Limits of a model service that hold over all processes on this database. */
  sharedCalls(settings: SharedCallSettings, onTrouble: (error: unknown) => void): SharedCalls {
    return new SharedCalls(this.#database, settings, onTrouble);
  }

  /** What is still to be told to the app's webhook. */
  get deliveries(): Deliveries {
    return new Deliveries(this.#database);
  }

  /** A secret of this name, the same for all processes that share the database; made when it is missing. */
  async secret(name: string): Promise<string> {
    await this.#database.query(
      'INSERT INTO quire.secrets (name, secret) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      [name, randomBytes(32).toString('hex')],
    );
    const [row] = await this.#database.query('SELECT secret FROM quire.secrets WHERE name = $1', [name]);
    return String(row?.secret);
  }
}

/** A document under this reading; one that is another's to read or has ended is left alone. */
const MINE = `id = $1 AND run = $3 AND status = 'extracting'`;

/**
 * The turn of a document that comes: after the last one of its owner, and after those that are read already. So
 * owners take turns, however many documents each has waiting (start-time fair queueing).
 */
const TURN = `UPDATE quire.documents AS coming SET turn = 1 + greatest(
    (SELECT coalesce(max(turn), 0) FROM quire.documents WHERE status = 'extracting' AND replica IS NOT NULL),
    (SELECT coalesce(max(other.turn), 0) FROM quire.documents AS other WHERE other.status = 'extracting'
       AND other.id <> coming.id AND coalesce(other.fair_as, other.owner) = coalesce(coming.fair_as, coming.owner))
  ) WHERE id = $1 RETURNING turn`;

async function handIn(
  handIn: HandIn,
  { id, workflow }: { id: string; workflow: string },
  query: Query,
  client: Client | undefined,
): Promise<void> {
  if (!client) throw new Error('Documents are handed in on a server alone.');
  const [row] = await query(TURN, [id]);
  await handIn(workflow, Number(row?.turn), client);
}
