import { Frame } from '../parts/frame.js';

export function PrintPage({ id }: { id: string }) {
  return <Frame title="Print">{<p>{id}</p>}</Frame>;
}
