import { Frame } from '../parts/frame.js';

export function ReviewPage({ id }: { id: string }) {
  return (
    <Frame title="Review">
      <p>{id}</p>
    </Frame>
  );
}
