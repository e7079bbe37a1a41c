import type { KeptReading } from '../../api/readings.js';
import { timeOf } from '../parts/time.js';

/** What tells a reading of a document from the others. */
export function keyOf({ number, kind }: KeptReading): string {
  return `${number}-${kind}`;
}

const WHICH = { current: 'shown now', served: 'shown before', shadow: 'other path' };

/** For a list to choose from. */
export function nameOf({ number, kind, plan, kept_at }: KeptReading): string {
  return [`Reading ${number}, ${WHICH[kind]}`, planWords(plan), timeOf(kept_at)].join(' · ');
}

/** What a reading is, for whoever looks at it. */
export function sentenceOf({ number, kind, plan, kept_at }: KeptReading): string {
  const how = `(${planWords(plan)}) on ${timeOf(kept_at)}`;
  switch (kind) {
    case 'current':
      return `Reading ${number}, shown now, read ${how}.`;
    case 'served':
      return `Reading ${number}, shown until the document was read again; read ${how}.`;
    case 'shadow':
      return `Other path, read for comparison after you were served reading ${number}; read ${how}. Its values are shown nowhere else.`;
  }
}

function planWords(plan: string | null): string {
  if (plan === null) return 'plan not known';
  return plan === 'single-page' ? 'page by page' : plan;
}
