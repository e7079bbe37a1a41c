import { z } from 'zod';
import { loggable, type Logger } from '../logger.js';
import type { Store } from '../store/store.js';
import type { WhoseDocument } from '../store/whose.js';
import type { HostRequest } from './host-request.js';
import { UnknownSenderError, type KnownSender, type Senders } from './sender.js';

/** A document somebody asks for, for the app to say whether they may have it. */
export interface AskedDocument {
  id: string;
  /** Whose it is, as `identify` named them at the upload; undefined where it did not. */
  owner: string | undefined;
  userId: string | undefined;
  sessionId: string | undefined;
  /** As the owner named it, or the name of its file. */
  name: string;
  /** ISO 8601. */
  uploadedAt: string;
}

/** Tells whether the sender of a request may do something with a document. */
export type May = {
  // A method, so that its request may also be typed as Express's own, or as one of the app's.
  may(request: HostRequest, document: AskedDocument): boolean | Promise<boolean>;
}['may'];

export interface AccessRules {
  /** Default: the owner alone. */
  mayRead: May | undefined;
  /** Default: the owner alone. */
  mayCorrect: May | undefined;
}

/** What somebody may do with a document. */
export interface Granted {
  /** The key under which the store has it. */
  owner: string;
  /** Who asks. */
  sender: KnownSender;
  isOwner: boolean;
  document: AskedDocument;
}

/**
 * Who may see a document, and correct it: its owner, and whom the app lets. To anybody else it is as if it were not
 * there.
 */
export class Access {
  readonly #senders: Senders;
  readonly #rules: AccessRules;
  readonly #logger: Logger;

  constructor(senders: Senders, rules: AccessRules, logger: Logger) {
    this.#senders = senders;
    this.#rules = rules;
    this.#logger = logger;
  }

  /**
   * @returns undefined when there is no such document for who asks
   * @throws {UnknownSenderError} when it is not known who asks, or the app's rule failed
   */
  async toRead(request: HostRequest, id: string, store: Store): Promise<Granted | undefined> {
    const sender = await this.#senders.of(request);
    const whose = await store.whose(id);
    if (!whose) return undefined;
    const { owner } = whose;
    const document = asked(id, whose);
    const isOwner = owner === sender.owner;
    if (!isOwner && !(await this.mayReadOther(request, id, whose))) return undefined;
    return { owner, sender, isOwner, document };
  }

  /** Whether the app has a rule for documents of others. */
  get givesOthers(): boolean {
    return this.#rules.mayRead !== undefined;
  }

  /**
   * Whether the app lets who asks read a document of somebody else.
   *
   * @throws {UnknownSenderError} when the app's rule failed
   */
  mayReadOther(request: HostRequest, id: string, whose: WhoseDocument): Promise<boolean> {
    return this.#isLet('mayRead', request, asked(id, whose));
  }

  /**
   * Whether who may read a document may also correct what was read of it.
   *
   * @throws {UnknownSenderError} when the app's rule failed
   */
  async mayCorrect(request: HostRequest, { isOwner, document }: Granted): Promise<boolean> {
    return isOwner || this.#isLet('mayCorrect', request, document);
  }

  async #isLet(rule: keyof AccessRules, request: HostRequest, document: AskedDocument): Promise<boolean> {
    try {
      // Anything but `true` may be an oversight.
      return z.literal(true).safeParse(await this.#rules[rule]?.(request, document)).success;
    } catch (error) {
      this.#logger.warn(loggable(error), `a request was refused: ${rule} failed`);
      throw new UnknownSenderError(500);
    }
  }
}

function asked(id: string, { owner, sender, name, uploadedAt }: WhoseDocument): AskedDocument {
  const { userId, sessionId } = sender;
  return { id, owner: ownerOf(owner), userId, sessionId, name, uploadedAt };
}

/** The owner as the app named it; the key of the store says what it is of. */
function ownerOf(key: string): string | undefined {
  return /^owner:(.*)$/s.exec(key)?.[1];
}
