import type { Steps } from '../../processor/steps.js';
import type { EvidencePlace, PartEvidence } from '../evidence.js';
import type { LabelWords } from './label-words.js';
import type { FoundLabel, Labelled, PageLabels } from './page-labels.js';
import type { ReadPage } from './read-page.js';
import type { Reason } from './table.js';

const EXACT = 0.95;
const CLOSE = 0.7;
const PARTLY = 0.35;
/** A label elsewhere is better when it is better by so much. */
const BETTER = 0.1;

/** Where pages are found, and what looking may cost. */
export interface Looking {
  pageOf: (number: number) => ReadPage;
  steps: Steps;
}

export interface BestPlace extends Labelled {
  place: EvidencePlace;
}

/** The place of a value whose label names the field best. */
export function bestPlace(
  field: LabelWords,
  parts: readonly PartEvidence[],
  { pageOf, steps }: Looking,
): BestPlace | undefined {
  let best: BestPlace | undefined;
  for (const part of parts) {
    if (!('places' in part)) continue;
    for (const place of part.places) {
      const labelled = pageOf(place.page).labels.at(place, field, steps);
      if (!best || labelled.affinity > best.affinity) best = { ...labelled, place };
    }
  }
  return best;
}

/** Whether the label beside a value is its field's. */
export function labelling(
  field: LabelWords,
  { affinity, label, place }: BestPlace,
  { pageOf, steps }: Looking,
): Reason {
  const { labels } = pageOf(place.page);
  const beside = affinity < EXACT ? labels.besides(place, field, steps) : 0;
  const best = Math.max(labels.best(field, steps), beside);
  if (best > affinity + BETTER) return best >= CLOSE ? 'label_elsewhere' : 'label_perhaps_elsewhere';
  if (label && isOfAnother(field, label, labels)) return 'label_of_another';
  if (affinity >= EXACT) return 'label_exact';
  if (affinity >= CLOSE) return 'label_close';
  return affinity >= PARTLY ? 'label_partly' : 'label_nowhere';
}

/** Whether a value is a part of what stands at its place, or more than that. */
export function extent(
  { place, label }: BestPlace,
  parts: readonly PartEvidence[],
  pageOf: Looking['pageOf'],
): Reason | undefined {
  const isWhole = pageOf(place.page).labels.isWhole(place, lastOn(place, parts), label);
  return isWhole === false ? 'not_whole' : undefined;
}

/** The last part of a value, that may stand behind its first one. */
function lastOn(first: EvidencePlace, parts: readonly PartEvidence[]): EvidencePlace {
  const last = parts.at(-1);
  const places = last && 'places' in last ? last.places : [];
  return places.find((place) => place.page === first.page && place.end >= first.end) ?? first;
}

/** "Signer2_Name" is the second of several labels "Name", where they have no numbers themselves, or under one. */
function isOfAnother({ number }: LabelWords, label: FoundLabel, labels: PageLabels): boolean {
  if (number !== undefined && label.row)
    return Number(number) <= label.row.of && label.row.rank !== Number(number);
  if (number === undefined || label.number !== undefined || label.start === undefined) return false;
  const starts = labels.startsLike(label);
  const rank = starts.indexOf(label.start) + 1;
  return starts.length > 1 && rank > 0 && Number(number) <= starts.length && rank !== Number(number);
}
