import type { Store } from './store.js';

/** All bytes of a document's PDF; none where it is gone. */
export async function wholePdf(store: Pick<Store, 'pdf'>, id: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of store.pdf(id)) parts.push(part);
  return Buffer.concat(parts);
}
