import { Frame } from '../parts/frame.js';

export function ComparePage({ id }: { id: string }) {
  return (
    <Frame title="Compare">
      <p>{id}</p>
    </Frame>
  );
}
