import { useEffect, useState } from 'preact/hooks';
import type { About } from '../../api/about.js';
import { call, CallError, repeated, waitMs } from '../call.js';

interface AskedAbout {
  /** What the server says of itself and of who is looking; undefined until it has. */
  about?: About;
  /** Why it has not. */
  error?: CallError;
}

let asked: Promise<About> | undefined;

/** Asked for once for all pages, and again after a while where that failed. */
export function useAbout(): AskedAbout {
  const [answer, setAnswer] = useState<AskedAbout>({});
  useEffect(() => {
    let isLeft = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      const mine = (asked ??= call<About>('api/about'));
      try {
        const about = await mine;
        if (!isLeft) setAnswer({ about });
      } catch (failure) {
        if (asked === mine) asked = undefined;
        if (isLeft) return;
        if (!(failure instanceof CallError)) throw failure;
        const wait = waitMs(failure);
        setAnswer({ error: wait === undefined ? failure : repeated(failure) });
        if (wait !== undefined) timer = setTimeout(() => void ask(), wait);
      }
    };
    void ask();
    return () => {
      isLeft = true;
      clearTimeout(timer);
    };
  }, []);
  return answer;
}

/** Has it asked again, for what has changed: somebody may operate now. */
export function forgetAbout(): void {
  asked = undefined;
}
