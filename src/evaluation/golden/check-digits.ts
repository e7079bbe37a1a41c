/** Digits that prove others: what stands for a number that passes such a proof passes it, too. */

const CARD = { shortest: 13, longest: 19 };
const ROUTING_WEIGHTS = [3, 7, 1, 3, 7, 1, 3, 7, 1];

/** @param original whose proofs `invented` is to pass, as many digits */
export function withCheckDigits(original: string, invented: string): string {
  const isProof = PROOFS.find((proof) => proof(original));
  if (!isProof) return invented;
  const others = invented.slice(0, -1);
  const proven = Array.from('0123456789', (digit) => others + digit).find(isProof);
  return proven ?? invented;
}

/** Of payment cards, and of routing numbers of banks in the United States. */
const PROOFS: readonly ((digits: string) => boolean)[] = [
  (digits) => {
    if (digits.length < CARD.shortest || digits.length > CARD.longest) return false;
    const sum = Array.from(digits)
      .reverse()
      .reduce((all, digit, at) => all + (at % 2 === 0 ? Number(digit) : doubled(Number(digit))), 0);
    return sum % 10 === 0;
  },
  (digits) => {
    if (digits.length !== ROUTING_WEIGHTS.length) return false;
    return (
      ROUTING_WEIGHTS.reduce((sum, weight, at) => sum + weight * Number(digits.charAt(at)), 0) % 10 === 0
    );
  },
];

function doubled(digit: number): number {
  return digit > 4 ? 2 * digit - 9 : 2 * digit;
}

/** Whether an international account number, with spaces or without, passes its own proof. */
export function isIban(text: string): boolean {
  const iban = text.replace(/\s/g, '');
  return iban.length >= 15 && iban.length <= 34 && remainder(iban.slice(4) + iban.slice(0, 4)) === 1;
}

/** The two digits that prove one of this country. */
export function ibanCheck(country: string, account: string): string {
  return String(98 - remainder(`${account}${country}00`)).padStart(2, '0');
}

/** Of the division by 97, with letters as numbers from 10. */
function remainder(text: string): number {
  return Array.from(text).reduce((rest, char) => {
    const value = parseInt(char, 36);
    return (rest * (value > 9 ? 100 : 10) + value) % 97;
  }, 0);
}
