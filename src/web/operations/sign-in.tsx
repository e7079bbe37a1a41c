import { useId, useState } from 'preact/hooks';
import { CallError, post } from '../call.js';
import { ROOT } from '../place.js';

interface SignInProps {
  takesToken: boolean;
  /** Whether who looks could operate a moment ago. */
  hasEnded: boolean;
  onLetIn: () => void;
}

/** For who may not operate: how to be let in. */
export function SignIn({ takesToken, hasEnded, onLetIn }: SignInProps) {
  return (
    <section class="sheet sign-in">
      {hasEnded && (
        <p class="notice">You may look at this page no longer: a session ends after half an hour.</p>
      )}
      {takesToken ? <TokenForm onLetIn={onLetIn} /> : <HowToBeLetIn />}
    </section>
  );
}

function HowToBeLetIn() {
  return (
    <>
      <p>This page is for those who run Quire, and you are not known as one of them.</p>
      <p>
        It opens on the machine that Quire runs on, at its own name (localhost). To open it elsewhere, set
        OPS_TOKEN and type that in here, or have the app say who may see it: router({'{'} isOperator {'}'}).
      </p>
    </>
  );
}

function TokenForm({ onLetIn }: { onLetIn: () => void }) {
  const [token, setToken] = useState('');
  const [error, setError] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const problem = useId();
  const send = async () => {
    if (isBusy) return;
    setIsBusy(true);
    try {
      await post('ops/session', { token, path: ROOT.pathname });
      return onLetIn();
    } catch (failed) {
      setError(failed instanceof CallError ? failed.message : 'It could not be sent.');
      setIsBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <p>
        This page is for those who run Quire. Type in the token of ops (OPS_TOKEN): it opens for half an hour.
      </p>
      <label>
        Token of ops{' '}
        <input
          type="password"
          autocomplete="off"
          required
          value={token}
          aria-invalid={error !== undefined}
          aria-describedby={problem}
          onInput={({ currentTarget }) => setToken(currentTarget.value)}
        />
      </label>{' '}
      <button type="submit" class="primary" aria-disabled={isBusy}>
        Open
      </button>
      <p id={problem} role="alert" class={error === undefined ? 'unseen' : 'bad'}>
        {error}
      </p>
    </form>
  );
}
