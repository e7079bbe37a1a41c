// As json, not jsonb: that would order keys anew, and refuse U+0000, which models and PDFs can hold.
export function json(value: unknown): string {
  return JSON.stringify(value);
}

// What is read back is what was written: it was checked at the edge, before it was kept.
export function parsed(text: unknown): unknown {
  return JSON.parse(String(text));
}

export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
