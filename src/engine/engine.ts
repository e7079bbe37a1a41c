import type { HandIn } from '../store/store.js';
import type { Replica } from '../store/replicas.js';
import type { Taken } from './places.js';

/** Sees to it that every document that has not ended is read by one process at a time, until it ends. */
export interface Engine {
  /** How a document is handed in for any of several processes to read; undefined where this one reads all. */
  readonly handIn: HandIn | undefined;
  /** Documents that all processes read, or that wait for that. */
  taken(): Promise<Taken>;
  /** The document that a workflow reads is gone: whoever has it stops, or never begins. */
  cancel(workflow: string): Promise<void>;
  /** Those that share the work, the oldest first; none where this process reads all. */
  replicas(): Promise<readonly Replica[]>;
  /**
   * Has the documents of another replica go on elsewhere now, whether it lives or not.
   *
   * @returns how many there were; undefined when there is no such replica
   */
  takeOver(replica: string): Promise<number | undefined>;
  /** Takes no more documents. */
  stop(): Promise<void>;
  /** Gives back what is under way, for others to go on with at once; after `stop`, once nothing is read any more. */
  close(): Promise<void>;
}
