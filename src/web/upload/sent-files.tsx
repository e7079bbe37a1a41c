import { useEffect, useState } from 'preact/hooks';
import { addressOf } from '../place.js';
import { Icon } from '../parts/icon.js';
import { isUnderWay, isWorthAnother, uploads, useUploads, type Upload } from './uploads.js';
import { counted } from './words.js';

/** What becomes of each file that was given. */
export function SentFiles() {
  const all = useUploads();
  const now = useSeconds(all.some(({ state, refusal }) => state === 'waiting' && refusal));
  if (all.length === 0) return null;
  const underWay = all.filter(isUnderWay).length;
  const of = (state: Upload['state']) => all.filter((upload) => upload.state === state).length;
  const refused = all.flatMap((upload) =>
    upload.state === 'refused' && isWorthAnother(upload) ? upload.key : [],
  );
  const summary = [
    [of('accepted'), 'uploaded'],
    [of('refused'), 'not taken'],
    [of('cancelled'), 'cancelled'],
    [underWay, 'to go'],
  ] as const;
  return (
    <section class="sheet sent-files" aria-labelledby="sent-files">
      <div class="title">
        <h2 id="sent-files" tabIndex={-1} data-takes-focus>
          Files on their way
        </h2>
        <p class="quiet">
          {counted(all.length, 'file')}:{' '}
          {summary
            .filter(([count]) => count > 0)
            .map(([count, says]) => `${count} ${says}`)
            .join(', ')}
        </p>
        {refused.length > 1 && (
          <button type="button" onClick={() => uploads.tryAgain(refused)}>
            Try {refused.length} files again
          </button>
        )}
        {underWay < all.length && (
          <button type="button" onClick={() => uploads.clear()}>
            Clear what is done
          </button>
        )}
      </div>
      <ul>
        {all.map((upload) => (
          <li key={upload.key} data-state={upload.state}>
            <SentFile upload={upload} now={now} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function SentFile({ upload, now }: { upload: Upload; now: number }) {
  const { key, file, documentName, state, sent, id } = upload;
  const name = documentName ?? file.name;
  return (
    <>
      <span class="name" tabIndex={-1} data-takes-focus>
        <bdi>{name}</bdi> <span class="quiet">{sizeWords(file.size)}</span>
      </span>
      {state === 'sending' && <progress max={1} value={sent} aria-label={`Upload of ${name}`} />}
      <span class={state === 'refused' ? 'bad' : 'says'}>
        {state === 'refused' && <Icon shape="failed" />} {state === 'accepted' && <Icon shape="done" />}{' '}
        {stateWords(upload, now)}
        {id !== undefined && (
          <>
            {' '}
            <a href={addressOf(`document/${encodeURIComponent(id)}`)} aria-label={`Open ${name}`}>
              Open
            </a>
          </>
        )}
      </span>
      {isUnderWay(upload) && sent < 1 && (
        <button type="button" aria-label={`Cancel the upload of ${name}`} onClick={() => uploads.cancel(key)}>
          Cancel
        </button>
      )}
      {isWorthAnother(upload) && (
        <button type="button" aria-label={`Try ${name} again`} onClick={() => uploads.tryAgain([key])}>
          Try again
        </button>
      )}
    </>
  );
}

function stateWords({ state, sent, refusal }: Upload, now: number): string {
  switch (state) {
    case 'waiting': {
      if (!refusal) return 'Waits for the files before it.';
      const left = Math.ceil((uploads.heldUntil - now) / 1_000);
      return `${refusal.says} This page tries again ${left > 0 ? `in ${counted(left, 'second')}` : 'now'}.`;
    }
    case 'sending':
      return sent < 1 ? `${Math.floor(100 * sent)} %` : 'Sent; it is being checked.';
    case 'accepted':
      return 'Uploaded.';
    case 'refused':
      return refusal?.says ?? '';
    case 'cancelled':
      return 'Cancelled.';
  }
}

function sizeWords(bytes: number): string {
  if (bytes < 1_048_576) return `${Math.ceil(bytes / 1_024)} kB`;
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}

/** The time, each second while it is shown. */
function useSeconds(isShown: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!isShown) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isShown]);
  return now;
}
