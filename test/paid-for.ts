import type { Fleet } from './fleet.js';
import type { Standing } from './journal.js';
import { keysOf } from './kept-keys.js';
import type { Call } from './provider.js';

/** Between being let through and coming to the provider, in milliseconds; much less than a takeover takes. */
const ON_THE_WAY_MS = 1_000;

/** What a fleet's calls were paid for. */
export interface PaidFor {
  calls: number;
  pages: number;
  /** Pages that were asked about though their answer was kept, but for what a replica kept that had been stopped. */
  askedAgain: number;
  /** Calls whose pages were asked about again, as they were under way where a replica broke down or was stopped. */
  repeated: number;
  /** The same for any other reason. */
  repeatedForNothing: number;
  /** Calls for documents that another replica read by then, or nobody. */
  late: number;
}

/** Holds all calls that the provider of a fleet was asked against what the database says of each moment. */
export async function paidFor({ journal, provider, documents, broken, ids }: Fleet): Promise<PaidFor> {
  const keptAt = await journal.keptAt();
  const standings = await journal.standings();
  const ofCopy = new Map(documents.map(({ copy, id }) => [copy, id]));
  const asked = new Map<string, PageCall[]>();
  let late = 0;
  for (const call of provider.calls) {
    const document = ofCopy.get(copyOf(call)) ?? '';
    const at = performance.timeOrigin + call.startedAt;
    const replica = ids.get(call.project ?? '');
    if (!ownersAt(standings.get(document) ?? [], at).includes(replica)) late++;
    for (const [index, keys] of keysOf(call, [document]).entries()) {
      const kept = Math.min(...keys.map((key) => keptAt.get(key) ?? Infinity));
      const { text = '' } = call.pages[index] ?? {};
      asked.set(text, [...(asked.get(text) ?? []), { call, at, kept }]);
    }
  }
  let askedAgain = 0;
  const repeated = new Set<Call>();
  const forNothing = new Set<Call>();
  for (const calls of asked.values()) {
    let isExpected = false;
    for (const [index, { call, at, kept }] of calls.entries()) {
      if (kept < at && !isExpected) askedAgain++;
      if (index === calls.length - 1) continue;
      const breaks = broken.find(
        (each) => each.replica.name === call.project && at <= each.at && kept > each.at,
      );
      (breaks ? repeated : forNothing).add(call);
      // What it was answered came late: another had begun to read the document by then.
      if (breaks && kept > breaks.until) isExpected = true;
    }
  }
  return {
    calls: provider.calls.length,
    pages: asked.size,
    askedAgain,
    late,
    repeated: repeated.size,
    repeatedForNothing: forNothing.size,
  };
}

interface PageCall {
  call: Call;
  /** Milliseconds since 1970. */
  at: number;
  /** When an answer for the page was kept first, in milliseconds since 1970; Infinity where none was. */
  kept: number;
}

function copyOf({ pages: [page] }: Call): string {
  return /\bCopy (fleet-\d+)/.exec(page?.text ?? '')?.[1] ?? '';
}

/** The replicas that read a document at a moment or just before, null among them for nobody. */
function ownersAt(standings: readonly Standing[], at: number): (string | null | undefined)[] {
  const since = standings.findLast((standing) => standing.at <= at - ON_THE_WAY_MS);
  const lately = standings.filter((standing) => standing.at > at - ON_THE_WAY_MS && standing.at <= at);
  return [since, ...lately].filter((standing) => standing?.status === 'extracting').map((of) => of?.replica);
}
