import { withCheckDigits } from './check-digits.js';
import type { Draw } from './draw.js';

/** A number of fewer digits is not looked for in parts of others, nor its own last digits elsewhere. */
const LONG = 8;
/** What is left of a number that is hidden: "ending in 4821". */
const FEWEST_LAST = 4;
const MOST_LAST = 6;
const TRIES = 200;

/**
 * Numbers in place of a document's: each the same wherever and however it is written, with as many digits. Those of
 * accounts keep their order, by which a page that names two belongs to one of them.
 */
export class InventedNumbers {
  readonly #draw: Draw;
  /** Without leading zeros. */
  readonly #originals: ReadonlySet<string>;
  /** Long numbers, by their last digits. */
  readonly #long = new Map<string, string>();
  /** Those that are a phone's or a person's in some writing, by their digits without leading zeros. */
  readonly #phones = new Set<string>();
  readonly #ofPersons = new Set<string>();
  readonly #invented = new Map<string, string>();
  readonly #used = new Set<string>();

  /**
   * @param numbers of the document and its record, as they are written
   * @param accounts the numbers of its accounts, without leading zeros
   */
  constructor(draw: Draw, numbers: readonly string[], accounts: ReadonlySet<string>) {
    this.#draw = draw;
    const plain = new Set(numbers.map(digitsOf));
    this.#originals = new Set(Array.from(plain, withoutZeros));
    for (const text of numbers) {
      const core = withoutZeros(digitsOf(text));
      if (PHONE.test(text) && core.length >= 10) this.#phones.add(core);
      if (SSN.test(text) && core.length === 9) this.#ofPersons.add(core);
    }
    for (const digits of [...plain].filter(({ length }) => length >= LONG)) {
      for (let last = FEWEST_LAST; last <= MOST_LAST; last++) this.#long.set(digits.slice(-last), digits);
    }
    for (const [account, invented] of this.#inOrder([...accounts].sort())) this.#keep(account, invented);
  }

  /** A number as it is written, with other digits. */
  replaced(text: string): string {
    const written = Array.from(text.matchAll(/\p{Nd}/gu), ({ 0: digit, index }) => ({ digit, index }));
    const plain = written.map(({ digit }) => String(valueOf(digit))).join('');
    const invented = this.#digitsFor(plain);
    let [result, end] = ['', 0];
    for (const [at, { digit, index }] of written.entries()) {
      const zero = (digit.codePointAt(0) ?? 0) - valueOf(digit);
      result += text.slice(end, index) + String.fromCodePoint(zero + Number(invented.charAt(at)));
      end = index + digit.length;
    }
    return result + text.slice(end);
  }

  #digitsFor(plain: string): string {
    const core = withoutZeros(plain);
    if (core === '') return plain;
    const known = this.#invented.get(core) ?? this.#lastOf(plain);
    if (known?.length === plain.length) return known;
    const invented =
      known ??
      this.#keep(
        core,
        this.#free(core, () => this.#like(core, plain)),
      );
    return plain.slice(0, plain.length - core.length) + invented;
  }

  /** The last digits of a long number are those of the one in its place. */
  #lastOf(plain: string): string | undefined {
    const whole = this.#long.get(plain);
    return whole === undefined ? undefined : this.#digitsFor(whole).slice(-plain.length);
  }

  #like(core: string, plain: string): string {
    // With the country before it, it is the same one.
    if (this.#phones.has(core))
      return core.length === 11 ? `1${this.#digitsFor(core.slice(1))}` : this.#phone();
    if (this.#phones.has(`1${core}`)) return this.#phone();
    if (this.#ofPersons.has(core)) return this.#neverIssued();
    const zeros = plain.slice(0, plain.length - core.length);
    return withCheckDigits(plain, zeros + this.#digits(core.length)).slice(zeros.length);
  }

  /** A number that is given to nobody (555-0100 to 0199 are kept for stories). */
  #phone(): string {
    const area = `${2 + this.#draw(8)}${this.#draw(8)}${this.#draw(10)}`;
    return `${area}55501${this.#draw(10)}${this.#draw(10)}`;
  }

  /** No social security number begins with 9, and no taxpayer's of these has a group below 50. */
  #neverIssued(): string {
    return `9${this.#run(2)}${1 + this.#draw(4)}${this.#run(1)}${this.#run(4)}`;
  }

  #digits(length: number): string {
    return `${1 + this.#draw(9)}${this.#run(length - 1)}`;
  }

  #run(length: number): string {
    return Array.from({ length }, () => this.#draw(10)).join('');
  }

  #keep(core: string, invented: string): string {
    this.#invented.set(core, invented);
    this.#used.add(invented);
    return invented;
  }

  /** No number of the document, nor one that stands for another, as long as there are such. */
  #free(core: string, make: () => string): string {
    for (const isFree of [
      (each: string) => !this.#used.has(each) && !this.#originals.has(each),
      (each: string) => !this.#used.has(each) && each !== core,
    ]) {
      for (let tries = 0; tries < TRIES; tries++) {
        const made = make();
        if (isFree(made)) return made;
      }
    }
    return make();
  }

  /** Numbers of the same lengths that stand in the same order, sorted as text. */
  #inOrder(sorted: readonly string[]): [account: string, invented: string][] {
    const longest = Math.max(12, ...sorted.map(({ length }) => length));
    for (let tries = 0; tries < TRIES; tries++) {
      const made = Array.from(sorted, () => this.#digits(longest)).sort();
      const cut = sorted.map((account, at) =>
        account === '0' ? account : withCheckDigits(account, (made[at] ?? '').slice(0, account.length)),
      );
      const isRight = cut.every(
        (each, at) =>
          (at === 0 || (cut[at - 1] ?? '') < each) && (each === '0' || !this.#originals.has(each)),
      );
      if (isRight) return sorted.map((account, at) => [account, cut[at] ?? '']);
    }
    // Very short numbers leave no choice; whether accounts are found as before is asked in the end.
    return [];
  }
}

const PHONE = /^\+?(?:1[ .-])?\(?\p{Nd}{3}\)?[ .-]?\p{Nd}{3}[ .-]\p{Nd}{4}$/u;
const SSN = /^\p{Nd}{3}[- ]\p{Nd}{2}[- ]\p{Nd}{4}$/u;

/** The digits of a text as plain ones. */
function digitsOf(text: string): string {
  return Array.from(text.matchAll(/\p{Nd}/gu), ([digit]) => String(valueOf(digit))).join('');
}

function withoutZeros(digits: string): string {
  return digits.replace(/^0+/, '');
}

/** Of a digit of any script: those of one stand together, from 0 to 9. */
function valueOf(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  if (code <= 0x39) return code - 0x30;
  let first = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--;
  return (code - first) % 10;
}
