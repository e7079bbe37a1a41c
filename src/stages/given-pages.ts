/** Thrown for page texts that cannot be read. Never quotes them. */
export class InvalidPagesError extends Error {
  override readonly name = 'InvalidPagesError';
}

/** Page texts in ascending order of their numbers; a page without text is a blank one. */
export function pagesGiven(texts: Readonly<Record<number, string | null | undefined>>): Map<number, string> {
  const pages = Object.entries(texts).map(([key, text]) => {
    if (!/^[1-9]\d{0,14}$/.test(key))
      throw new InvalidPagesError('Page numbers must be whole numbers from 1.');
    if (typeof (text ?? '') !== 'string')
      throw new InvalidPagesError(`Page ${key}: the text must be a string.`);
    return [Number(key), text ?? ''] as const;
  });
  if (pages.length === 0) throw new InvalidPagesError('There must be at least one page.');
  return new Map(pages.sort(([a], [b]) => a - b));
}
