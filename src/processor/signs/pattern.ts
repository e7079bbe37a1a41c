/** Alternatives of a pattern, in lists parted by bars. */
export function oneOf(...lists: string[]): string {
  return `(?:${lists.join('|')})`;
}

/** A pattern of lower-case text, its parts one after the other. Line ends are there for who reads it. */
export function sign(...parts: string[]): RegExp {
  return new RegExp(parts.join('').replace(/\n */g, ''), 'u');
}
