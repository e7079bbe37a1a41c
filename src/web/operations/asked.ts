import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Accuracy } from '../../api/accuracy.js';
import type { AtWork, Replicas, ShadowForOps } from '../../api/operations.js';
import type { Overview } from '../../api/overview.js';
import type { Recent } from '../../api/recent.js';
import { call, CallError } from '../call.js';

interface Answers {
  overview: Overview;
  recent: Recent;
  shadow: ShadowForOps;
  documents: AtWork;
  replicas: Replicas;
  accuracy: Accuracy;
}

/** A part of the page as it was read last: what went wrong then stands beside what was read before. */
export interface Part<Answer> {
  answer?: Answer;
  error?: string;
}

type Parts = { [Name in keyof Answers]: Part<Answers[Name]> };

const PATHS: Readonly<Record<keyof Answers, string>> = {
  overview: 'ops/overview',
  recent: 'ops/recent?limit=100',
  shadow: 'ops/shadow?limit=100',
  documents: 'ops/documents',
  replicas: 'ops/replicas',
  accuracy: 'ops/accuracy',
};
const NAMES = Object.keys(PATHS) as (keyof Answers)[];
const REFRESH_MS = 10_000;

export interface Asked {
  parts: Parts;
  /** When all parts were last asked; undefined before. */
  readAt: Date | undefined;
  refresh: () => void;
}

/**
 * All parts of the page, read again every 10 s while it is seen and not paused.
 *
 * @param onShutOut told when who looks may operate no more
 */
export function useAsked(isPaused: boolean, onShutOut: () => void): Asked {
  const [parts, setParts] = useState<Parts>({
    overview: {},
    recent: {},
    shadow: {},
    documents: {},
    replicas: {},
    accuracy: {},
  });
  const [readAt, setReadAt] = useState<Date>();
  const shutOut = useRef(onShutOut);
  shutOut.current = onShutOut;

  const read = useCallback(async (signal: AbortSignal) => {
    const ask = async (name: keyof Answers) => {
      try {
        const answer = await call<never>(PATHS[name], { signal });
        setParts((before) => ({ ...before, [name]: { answer } }));
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof CallError && error.status === 401) return shutOut.current();
        const told = error instanceof CallError ? error.message : 'It could not be read.';
        setParts((before) => ({ ...before, [name]: { ...before[name], error: told } }));
      }
    };
    await Promise.all(NAMES.map(ask));
    if (!signal.aborted) setReadAt(new Date());
  }, []);

  const [round, setRound] = useState(0);
  const lastRound = useRef(-1);
  const refresh = useCallback(() => setRound((before) => before + 1), []);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const go = () => {
      clearTimeout(timer);
      if (document.hidden) return;
      void read(stop.signal).then(() => {
        if (!isPaused && !stop.signal.aborted) timer = setTimeout(go, REFRESH_MS);
      });
    };
    if (!isPaused || lastRound.current !== round) go();
    lastRound.current = round;
    if (!isPaused) document.addEventListener('visibilitychange', go);
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', go);
    };
  }, [isPaused, round, read]);
  return { parts, readAt, refresh };
}
