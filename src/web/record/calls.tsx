import { useEffect, useState } from 'preact/hooks';
import { Following } from '../upload/following.js';
import { Timeline } from '../upload/timeline.js';

interface CallsProps {
  /** The document's id. */
  id: string;
  isBeingRead: boolean;
}

/** The model calls that a document took, for who wants to know. */
export function Calls({ id, isBeingRead }: CallsProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="sheet" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>How it was read, call by call</summary>
      {isOpen && <Followed id={id} isBeingRead={isBeingRead} />}
    </details>
  );
}

function Followed({ id, isBeingRead }: CallsProps) {
  const [following] = useState(() => new Following(() => undefined));
  useEffect(() => () => following.close(), [following]);
  useEffect(() => following.want([{ id, isBeingRead, isOpen: true }]), [following, id, isBeingRead]);
  return (
    <div class="upload">
      <Timeline following={following} id={id} isBeingRead={isBeingRead} />
    </div>
  );
}
