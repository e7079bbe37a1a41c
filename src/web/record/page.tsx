import { Frame } from '../parts/frame.js';

export function RecordPage({ id }: { id: string }) {
  return (
    <Frame title="Record">
      <p>{id}</p>
    </Frame>
  );
}
