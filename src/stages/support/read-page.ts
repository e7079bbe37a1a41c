import {
  firstWordBehind,
  indexPage,
  soughtFor,
  standsAsIs,
  type IndexedPage,
} from '../../processor/locate.js';
import type { Steps } from '../../processor/steps.js';
import { wordOffsets, type PageWords, type Span } from '../../processor/words.js';
import {
  areWritten,
  figuresOf,
  wordsBesideFigures,
  writingsOf,
  type Writings,
} from '../../processor/writings.js';
import { PageLabels } from './page-labels.js';
import { summedAmounts } from './sums.js';

/** A page's text, read in the ways that are asked for. */
export class ReadPage {
  #labels: PageLabels | undefined;
  #writings: Writings | undefined;
  #indexed: IndexedPage | undefined;
  #offsets: Uint32Array | undefined;
  #summed: Span[] | undefined;

  constructor(
    readonly text: string,
    readonly words?: PageWords,
  ) {}

  get labels(): PageLabels {
    return (this.#labels ??= new PageLabels(this.text));
  }

  isSummed({ start, end }: Span): boolean {
    this.#summed ??= summedAmounts(this.text);
    return this.#summed.some((amount) => start < amount.end && end > amount.start);
  }

  /** Whether a value stands here in another writing, its words together. @throws {TooManySteps} */
  isWritten(value: string, steps: Steps): boolean {
    const words = wordsBesideFigures(value);
    if (!this.#areFiguresWritten(value, steps)) return false;
    return words.length === 0 || this.labels.standTogether(words, steps);
  }

  /** Whether all of a value stands here somewhere. @throws {TooManySteps} */
  isScattered(value: string, steps: Steps): boolean {
    const indexed = (this.#indexed ??= indexPage(this.text));
    return (
      this.#areFiguresWritten(value, steps) &&
      wordsBesideFigures(value).every((word) => standsAsIs(soughtFor(word), indexed, steps))
    );
  }

  #areFiguresWritten(value: string, steps: Steps): boolean {
    this.#writings ??= writingsOf(this.text);
    const { dates, numbers } = figuresOf(value);
    // "1,574.01" is not "15,740.1", though the digits are the same.
    const exact = numbers.map(({ digits, readings }) => ({
      digits: readings.some((run) => /^[^.]*\d\.\d+$/.test(run)) ? '' : digits,
      readings,
    }));
    return areWritten({ dates, numbers: exact }, this.#writings, steps);
  }

  /** How sure OCR was of the worst of the words at a place; undefined where it read none of them. */
  confidenceAt({ start, end }: Span): number | undefined {
    const confidences = this.words?.confidences;
    if (!confidences) return undefined;
    this.#offsets ??= wordOffsets(this.text);
    let least: number | undefined;
    for (let at = firstWordBehind(this.#offsets, start); (this.#offsets[at] ?? Infinity) < end; at += 2) {
      const confidence = confidences[at / 2];
      if (confidence !== undefined) least = Math.min(least ?? 100, confidence);
    }
    return least;
  }
}
