import { useGrowing } from '../parts/growing.js';
import { TableHead } from '../parts/table-head.js';
import { unlessSame } from '../parts/unless-same.js';
import type { Call, Entry, Wait } from './calls.js';
import { useFollowed, type Followed, type Following } from './following.js';
import { counted, isBad, outcomeOf, pagesWords, secondsWords, whatOf } from './words.js';

const WIDTH = 1_000;
const LEFT = 84;
const RIGHT = 12;
const TOP = 22;
const LANE = 22;
const BAR = 16;
const NARROWEST = 2;
/** What is narrower has no number in it. */
const HOLDS_NUMBER = 14;
const TICKS = 5;
const NICE = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
/** Drawn between two looks at what the person does. */
const DRAWN_AT_ONCE = 200;

interface TimelineProps {
  following: Following;
  id: string;
  isBeingRead: boolean;
}

/** The model calls of a document, as they are made: drawn, and as a table. */
export function Timeline({ following, id, isBeingRead }: TimelineProps) {
  const followed = useFollowed(following, id, isBeingRead);
  const { calls, trouble, isComplete } = followed;
  const drawn = useGrowing(calls.entries.length, { atOnce: DRAWN_AT_ONCE });
  if (calls.entries.length === 0) {
    const nothing = isBeingRead
      ? 'No model call has been made yet.'
      : 'No model call was made, or none is kept.';
    return (
      <p class="quiet">{trouble ?? (isComplete || isBeingRead ? nothing : 'The calls are being fetched…')}</p>
    );
  }
  const entries = calls.entries.slice(0, drawn);
  return (
    <>
      {trouble && <p class="notice">{trouble}</p>}
      <Legend id={id} />
      <div class="timeline" tabIndex={0} role="region" aria-label="Model calls over time">
        <Drawing followed={followed} entries={entries} isBeingRead={isBeingRead} />
      </div>
      <details>
        <summary>The same as a table</summary>
        <div class="timeline" tabIndex={0} role="region" aria-label="Table of model calls">
          <table>
            <TableHead names={['Event', 'Worker', 'What', 'Pages', 'Begun after', 'Took', 'Outcome']} />
            <tbody>
              {entries.map((entry) => (
                <Row key={entry.number} entry={entry} />
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

/** By which a row and a bar are told to be of the same events. */
function eventsOf(entry: Entry) {
  return {
    'data-kind': entry.kind,
    'data-event': entry.number,
    'data-ended': entry.kind === 'call' ? entry.ended : undefined,
    'data-unit': 'unit' in entry ? entry.unit : undefined,
  };
}

/** There are thousands, and a few change. */
const Row = unlessSame(function Row({ entry }: { entry: Entry }) {
  const to = 'to' in entry ? entry.to : undefined;
  return (
    <tr {...eventsOf(entry)}>
      <td>{entry.number}</td>
      <td>{entry.kind === 'call' ? entry.lane + 1 : ''}</td>
      <td>{whatOf(entry)}</td>
      <td>{'pages' in entry ? pagesWords(entry.pages) : ''}</td>
      <td>{secondsWords(entry.from)}</td>
      <td>{to === undefined ? '' : secondsWords(to - entry.from)}</td>
      <td>{outcomeOf(entry)}</td>
    </tr>
  );
});

interface Scale {
  /** Milliseconds that are shown. */
  whole: number;
  waitLanes: number;
}

interface DrawingProps {
  followed: Followed;
  entries: readonly Entry[];
  isBeingRead: boolean;
}

function Drawing({ followed: { calls, now, id }, entries, isBeingRead }: DrawingProps) {
  const nowAt = isBeingRead ? Math.max(calls.end, calls.timeOf(now())) : calls.end;
  const scale = { whole: niceAbove(nowAt), waitLanes: calls.waitLanes };
  const lanes = calls.waitLanes + calls.workers;
  const height = TOP + lanes * LANE + 6;
  const count = entries.filter(({ kind }) => kind === 'call').length;
  const label = `${counted(count, 'model call')} by ${counted(calls.workers, 'worker')} over ${secondsWords(nowAt)}. The table below has each of them.`;
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WIDTH} ${height}`}
      width={WIDTH}
      height={height}
      class="calls"
    >
      <Patterns id={id} />
      {Array.from({ length: TICKS + 1 }, (_, index) => {
        const at = (index * scale.whole) / TICKS;
        const x = xOf(at, scale);
        return (
          <g key={index} class="tick">
            <path d={`M${x} ${TOP - 4}V${height}`} />
            <text x={x} y={12} text-anchor={index === TICKS ? 'end' : 'middle'}>
              {at / 1_000} s
            </text>
          </g>
        );
      })}
      {Array.from({ length: lanes }, (_, lane) => (
        <text key={lane} x={0} y={TOP + lane * LANE + 13}>
          {lane < calls.waitLanes ? 'Waits' : `Worker ${lane - calls.waitLanes + 1}`}
        </text>
      ))}
      {entries.map((entry) => {
        const isOpen = (entry.kind === 'call' || entry.kind === 'wait') && entry.to === undefined;
        return <Bar key={entry.number} {...scale} entry={entry} id={id} now={isOpen ? nowAt : 0} />;
      })}
    </svg>
  );
}

interface BarProps extends Scale {
  entry: Entry;
  /** The document's. */
  id: string;
  /** Where what has not ended goes to. */
  now: number;
}

const Bar = unlessSame(function Bar({ entry, id, now, ...scale }: BarProps) {
  const x = xOf(entry.from, scale);
  const title = [whatOf(entry), 'pages' in entry && `pages ${pagesWords(entry.pages)}`, outcomeOf(entry)];
  const about = <title>{title.filter(Boolean).join('; ')}</title>;
  if (entry.kind !== 'call' && entry.kind !== 'wait') {
    // A diamond above the lanes, with a line through them.
    return (
      <g class={`mark ${entry.kind}`} {...eventsOf(entry)}>
        {about}
        <path d={`M${x} ${TOP - 8}l5 5-5 5-5-5z`} />
      </g>
    );
  }
  const lane = entry.kind === 'wait' ? entry.lane : scale.waitLanes + entry.lane;
  const y = TOP + lane * LANE;
  const width = Math.max(NARROWEST, xOf(entry.to ?? now, scale) - x);
  const attempt = entry.kind === 'call' ? entry.attempt : 1;
  return (
    <g class={lookOf(entry)} {...eventsOf(entry)}>
      {about}
      <rect x={x} y={y} width={width} height={BAR} rx={2} {...fillOf(entry, id)} />
      {attempt > 1 && width > HOLDS_NUMBER && (
        <text x={x + 4} y={y + 12} class="attempt">
          {attempt}
        </text>
      )}
      {isBad(entry) && (
        <>
          <rect class="ground" x={x + width - 12} y={y + 2} width={12} height={12} />
          <path class="cross" d={`M${x + width - 10} ${y + 4}l8 8m0-8l-8 8`} />
        </>
      )}
    </g>
  );
});

function lookOf(entry: Call | Wait): string {
  const isUnderWay = entry.to === undefined && 'under-way';
  if (entry.kind === 'wait') return ['wait', isUnderWay].filter(Boolean).join(' ');
  return ['call', entry.purpose, entry.attempt > 1 && 'retry', isBad(entry) && 'failed', isUnderWay]
    .filter(Boolean)
    .join(' ');
}

function fillOf(entry: Call | Wait, id: string): { fill?: string } {
  if (entry.kind === 'wait') return { fill: `url(#wait-${id})` };
  if (entry.attempt > 1) return { fill: `url(#retry-${id})` };
  return entry.purpose === 'salvage' ? { fill: `url(#salvage-${id})` } : {};
}

/** What bars are filled with, so that they differ without colour. */
function Patterns({ id }: { id: string }) {
  const units = { patternUnits: 'userSpaceOnUse' as const };
  return (
    <defs>
      <pattern id={`salvage-${id}`} {...units} width={6} height={6} patternTransform="rotate(45)">
        <path class="salvage" d="M0 0V6" />
      </pattern>
      <pattern id={`retry-${id}`} {...units} width={6} height={6}>
        <circle class="retry" cx={3} cy={3} r={1.4} />
      </pattern>
      <pattern id={`wait-${id}`} {...units} width={8} height={8}>
        <path class="wait" d="M0 4H8" />
      </pattern>
    </defs>
  );
}

const LEGEND = [
  [{ purpose: 'first', attempt: 1, outcome: 'answered' }, 'First call: filled'],
  [{ purpose: 'salvage', attempt: 1, outcome: 'answered' }, 'Salvage, a page asked alone: hatched'],
  [{ purpose: 'first', attempt: 2, outcome: 'answered' }, 'The same again: dotted, with its number'],
  [{ purpose: 'first', attempt: 1, outcome: 'timeout' }, 'Failed: crossed at its end'],
] as const;

function Legend({ id }: { id: string }) {
  const scale = { whole: 1_000, waitLanes: 0 };
  const swatch = (entry: Entry) => (
    <svg aria-hidden="true" viewBox={`${LEFT - 2} ${TOP - 2} 44 20`} width={44} height={20} class="calls">
      <Bar {...scale} entry={entry} id={id} now={0} />
    </svg>
  );
  const length = 36 / (WIDTH - LEFT - RIGHT);
  const times = { from: 0, to: 1_000 * length };
  return (
    <ul class="legend">
      {LEGEND.map(([call, says]) => (
        <li key={says}>
          {swatch({ ...call, ...times, kind: 'call', number: -1, unit: '', pages: [], lane: 0 })} {says}
        </li>
      ))}
      <li>{swatch({ ...times, kind: 'wait', number: -1, why: 'turn', lane: 0 })} No call may start: lined</li>
      <li>
        <svg aria-hidden="true" viewBox="0 0 14 14" width={14} height={14} class="calls">
          <g class="mark salvage">
            <path d="M7 2l5 5-5 5-5-5z" />
          </g>
        </svg>{' '}
        Salvage begins
      </li>
    </ul>
  );
}

function xOf(ms: number, { whole }: Scale): number {
  return Math.round(10 * (LEFT + (ms / whole) * (WIDTH - LEFT - RIGHT))) / 10;
}

function niceAbove(ms: number): number {
  const least = Math.max(ms, 100);
  const power = 10 ** Math.floor(Math.log10(least));
  return power * (NICE.find((step) => step * power >= least) ?? 10);
}
