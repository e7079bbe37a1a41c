import { useEffect, useState } from 'preact/hooks';
import { call } from '../call.js';
import { forgetAbout, useAbout } from '../parts/about.js';
import { Frame } from '../parts/frame.js';
import { ROOT } from '../place.js';
import { AccuracySection } from './accuracy-section.js';
import { useActs } from './acts.js';
import { useAsked, type Asked } from './asked.js';
import { SignIn } from './sign-in.js';
import { timeOf } from './figures.js';
import './operations.css';
import { PathsSection } from './paths-section.js';
import { PlanSection } from './plan-section.js';
import { QueueSection, ReplicasSection } from './queue-section.js';
import { RecentSection } from './recent-section.js';
import { RollbacksSection } from './rollbacks-section.js';
import { ServiceSection } from './service-section.js';
import { ShadowSection } from './shadow-section.js';

/** What is for ops, in one look. */
export function OperationsPage() {
  // Another round asks the server anew who is looking.
  const [{ round, hasEnded }, setRound] = useState({ round: 0, hasEnded: false });
  const again = (isOver: boolean) => {
    forgetAbout();
    setRound((before) => ({ round: before.round + 1, hasEnded: isOver }));
  };
  return (
    <Looked
      key={round}
      hasEnded={hasEnded}
      onLetIn={() => again(false)}
      onShutOut={() => again(true)}
      onLeave={() => again(false)}
    />
  );
}

interface LookedProps {
  hasEnded: boolean;
  onLetIn: () => void;
  onShutOut: () => void;
  onLeave: () => void;
}

function Looked({ hasEnded, onLetIn, onShutOut, onLeave }: LookedProps) {
  const { about, error } = useAbout();
  if (!about) {
    return (
      <Frame title="Operations">
        <p class="quiet">
          {error ? 'It is not known yet whether you may see this page.' : 'Asking who is looking…'}
        </p>
      </Frame>
    );
  }
  if (!about.may_operate) {
    return (
      <Frame title="Operations">
        <div class="operations">
          <SignIn takesToken={about.takes_ops_token} hasEnded={hasEnded} onLetIn={onLetIn} />
        </div>
      </Frame>
    );
  }
  return <Operations takesToken={about.takes_ops_token} onShutOut={onShutOut} onLeave={onLeave} />;
}

interface OperationsProps {
  takesToken: boolean;
  onShutOut: () => void;
  onLeave: () => void;
}

function Operations({ takesToken, onShutOut, onLeave }: OperationsProps) {
  const [isPaused, setIsPaused] = useState(false);
  const asked = useAsked(isPaused, onShutOut);
  const { act, shown } = useActs(asked.refresh);
  const told = useTold(asked);
  const { overview, recent, shadow, documents, replicas, accuracy } = asked.parts;
  const leave = async () => {
    await call('ops/session', {
      method: 'DELETE',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ path: ROOT.pathname }),
    }).catch(() => undefined);
    onLeave();
  };
  return (
    <Frame
      title="Operations"
      beside={
        <div class="operations-bar">
          <LastRead asked={asked} isPaused={isPaused} />
          <button type="button" aria-pressed={isPaused} onClick={() => setIsPaused(!isPaused)}>
            Pause
          </button>
          <button type="button" onClick={told.onAsked}>
            Read now
          </button>
          {takesToken && (
            <button type="button" onClick={() => void leave()}>
              Forget the token
            </button>
          )}
        </div>
      }
    >
      <div class="operations">
        <p class="unseen" role="status">
          {told.says}
        </p>
        {shown}
        <PlanSection part={overview} />
        <PathsSection recent={recent} shadow={shadow} />
        <RollbacksSection part={overview} />
        <QueueSection part={documents} act={act} />
        <ReplicasSection part={replicas} act={act} />
        <RecentSection part={recent} act={act} />
        <ShadowSection part={shadow} />
        <AccuracySection part={accuracy} />
        <ServiceSection part={overview} />
      </div>
    </Frame>
  );
}

/** What a screen reader says: that it was read when that was asked for, and not each time; and what could not be. */
function useTold({ parts, readAt, refresh }: Asked) {
  const [askedAt, setAskedAt] = useState<Date>();
  const [read, setRead] = useState('');
  useEffect(() => {
    if (!askedAt || !readAt || readAt < askedAt) return;
    setRead(`Read at ${timeOf(readAt)}.`);
    setAskedAt(undefined);
  }, [askedAt, readAt]);
  const unread = Object.values(parts).filter(({ error }) => error !== undefined).length;
  const says = unread > 0 ? `${unread} of the parts of this page could not be read.` : read;
  const onAsked = () => {
    setAskedAt(new Date());
    refresh();
  };
  return { says, onAsked };
}

function LastRead({ asked: { readAt }, isPaused }: { asked: Asked; isPaused: boolean }) {
  if (!readAt) return <span class="quiet">Reading…</span>;
  return (
    <span class="quiet">
      Read at {timeOf(readAt)}
      {isPaused ? ', paused' : ', again every 10 s'}
    </span>
  );
}
