import type { KeptEvent } from '../../documents/events.js';
import { useFollowed, type Following } from './following.js';
import { Icon } from '../parts/icon.js';
import { aboutTime } from './pace.js';
import { STAGES, WAITS } from './words.js';

interface BeingReadProps {
  following: Following;
  id: string;
  name: string;
}

/** How far a document is, stage by stage. */
export function BeingRead({ following, id, name }: BeingReadProps) {
  const { progress, pace, now, trouble } = useFollowed(following, id, true);
  const { stage, percent, pagesProcessed: done, totalPages: total } = progress.now;
  const at = now();
  const waiting = pace.waiting(at);
  const left = pace.left(at);
  const current = STAGES.findIndex(([key]) => key === stage);
  return (
    <div class="being-read">
      <ol class="stages" aria-label={`Stages of ${name}`}>
        {STAGES.map(([key, says], index) => (
          <li
            key={key}
            class={stepLook(index, current)}
            aria-current={index === current ? 'step' : undefined}
          >
            <span aria-hidden="true">{index < current ? <Icon shape="done" /> : index + 1}</span> {says}
            {index < current && <span class="unseen"> (done)</span>}
          </li>
        ))}
      </ol>
      <progress max={100} value={percent} aria-label={`Progress of ${name}`} />
      <p class="quiet">
        {[
          total > 0 ? `${done} of ${total} pages in this stage` : 'It is being opened',
          left !== undefined && leftWords(left, stage),
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
      {waiting && <p class="notice">{waitingWords(waiting)}</p>}
      {trouble && <p class="notice">{trouble}</p>}
    </div>
  );
}

function stepLook(index: number, current: number): string {
  if (index === current) return 'current';
  return index < current ? 'past' : 'ahead';
}

function leftWords(ms: number, stage: string): string {
  return `${aboutTime(ms)} left${stage === 'llm_extraction' ? '' : ' in this stage'}`;
}

function waitingWords({ why, until }: KeptEvent & { type: 'waiting' }): string {
  if (until === null) return `${WAITS[why]}. It goes on by itself when it is its turn.`;
  const time = new Date(until).toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  return `${WAITS[why]}: it goes on at ${time}, by itself.`;
}
