import type { Replica } from '../store/replicas.js';
import type { startDbos } from './dbos.js';

/** An engine by which several processes read what one server keeps. */
export interface SharedEngine {
  /** This process among those that share the work. */
  replica: Pick<Replica, 'id' | 'name' | 'version'>;
  /** The most connections of the engine's own, from 2. */
  connections: number;
  start: typeof startDbos;
}
