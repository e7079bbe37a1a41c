import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { KeptReading, KeptReadings } from '../../api/readings.js';
import { compareRecords } from '../../comparison/compare.js';
import type { DocumentRecord } from '../../stages/record.js';
import { call, CallError } from '../call.js';
import { Frame } from '../parts/frame.js';
import { cutText } from '../parts/long-text.js';
import { Problem } from '../parts/problem.js';
import { addressOf, goTo } from '../place.js';
import './compare.css';
import { Differences } from './differences.js';
import { keyOf, nameOf, sentenceOf } from './names.js';

const TITLE_MOST = 120;

/** Two readings of one document, side by side. */
export function ComparePage({ id }: { id: string }) {
  const [kept, setKept] = useState<KeptReadings>();
  const [trouble, setTrouble] = useState<string>();
  const [round, again] = useRound();
  useEffect(() => {
    setTrouble(undefined);
    const gone = new AbortController();
    const ask = async () => {
      try {
        setKept(await call<KeptReadings>(`api/document/${id}/readings`, { signal: gone.signal }));
      } catch (error) {
        if (!gone.signal.aborted) setTrouble(whyNot(error));
      }
    };
    void ask();
    return () => gone.abort();
  }, [id, round]);
  const title = kept?.document_name
    ? `Compare readings of ${cutText(kept.document_name, TITLE_MOST)}`
    : 'Compare readings';
  const record = (
    <a class="button" href={addressOf(`document/${id}`)}>
      Record
    </a>
  );
  return (
    <Frame title={title} beside={kept && record}>
      <div class="compare">
        {trouble !== undefined && <Problem says={trouble} onAgain={again} />}
        {!kept && trouble === undefined && <p role="status">Looking up the readings…</p>}
        {kept && kept.readings.length < 2 && <Alone kept={kept} />}
        {kept && kept.readings.length >= 2 && <Choice id={id} readings={kept.readings} />}
      </div>
    </Frame>
  );
}

/** Counts how often something was asked for by the person. */
function useRound(): [round: number, again: () => void] {
  const [round, setRound] = useState(0);
  return [round, useCallback(() => setRound((before) => before + 1), [])];
}

function whyNot(error: unknown): string {
  if (!(error instanceof CallError)) throw error;
  if (error.status === 404) {
    return 'There is no document at this address that you may read. Its owner, and those the app lets read it, can see its readings.';
  }
  return error.message;
}

/** With one reading there is nothing to compare. */
function Alone({ kept: { readings, is_being_read: isBeingRead } }: { kept: KeptReadings }) {
  const [only] = readings;
  return (
    <section class="sheet" aria-label="Nothing to compare">
      {only ? (
        <p>
          One reading of this document is kept: {sentenceOf(only)} There is nothing to compare it with yet.
        </p>
      ) : (
        <p>
          No reading of this document is kept{isBeingRead ? ' yet: it is being read.' : ': it was not read.'}
        </p>
      )}
      <p>Another one comes to be when</p>
      <ul>
        <li>pages failed and are asked again (Retry on the record page): what was shown before is kept;</li>
        <li>
          whoever operates this service has documents read a second time, along the other path, for
          comparison.
        </li>
      </ul>
    </section>
  );
}

function Choice({ id, readings }: { id: string; readings: KeptReading[] }) {
  const asked = new URLSearchParams(location.search);
  const current = readings.find(({ kind }) => kind === 'current') ?? readings[0];
  const found = (name: string) => readings.find((reading) => keyOf(reading) === asked.get(name));
  const [second, setSecond] = useState(found('second') ?? current);
  const [first, setFirst] = useState(found('first') ?? readings.find((reading) => reading !== second));
  const [round, again] = useRound();
  const firstRecord = useRecord(id, first, round);
  const secondRecord = useRecord(id, second, round);
  const choose = (name: 'first' | 'second', key: string) => {
    const chosen = readings.find((reading) => keyOf(reading) === key);
    if (!chosen) return;
    const both = { first, second, [name]: chosen };
    (name === 'first' ? setFirst : setSecond)(chosen);
    const query = new URLSearchParams();
    for (const [side, reading] of Object.entries(both)) if (reading) query.set(side, keyOf(reading));
    goTo(`document/${id}/compare?${query.toString()}`, { replace: true });
  };
  const trouble = firstRecord.trouble ?? secondRecord.trouble;
  return (
    <>
      <div class="sides">
        <Side name="first" of={first} readings={readings} onChoose={choose} />
        <Side name="second" of={second} readings={readings} onChoose={choose} />
      </div>
      {trouble !== undefined && <Problem says={trouble} onAgain={again} />}
      {first === second && <p class="notice">Both sides show the same reading. Choose another one.</p>}
      <Compared
        key={[first, second].map((reading) => reading && keyOf(reading)).join()}
        first={firstRecord.record}
        second={secondRecord.record}
        isDone={trouble !== undefined}
      />
    </>
  );
}

interface SideProps {
  name: 'first' | 'second';
  of: KeptReading | undefined;
  readings: KeptReading[];
  onChoose: (name: 'first' | 'second', key: string) => void;
}

function Side({ name, of, readings, onChoose }: SideProps) {
  return (
    <div class="sheet">
      <label for={name}>{name === 'first' ? 'First reading' : 'Second reading'}</label>
      <select
        id={name}
        value={of && keyOf(of)}
        onChange={({ currentTarget }) => onChoose(name, currentTarget.value)}
      >
        {readings.map((reading) => (
          <option key={keyOf(reading)} value={keyOf(reading)}>
            {nameOf(reading)}
          </option>
        ))}
      </select>
      {of && <p class="quiet">{sentenceOf(of)}</p>}
    </div>
  );
}

interface ComparedProps {
  first: DocumentRecord | undefined;
  second: DocumentRecord | undefined;
  isDone: boolean;
}

function Compared({ first, second, isDone }: ComparedProps) {
  const fields = useMemo(() => first && second && compareRecords(first, second), [first, second]);
  if (fields) return <Differences fields={fields} />;
  return isDone ? null : <p role="status">Comparing…</p>;
}

/** The record of a reading; those of a document that were seen before are not asked for again. */
function useRecord(id: string, reading: KeptReading | undefined, round: number) {
  const [known, setKnown] = useState<Record<string, DocumentRecord>>({});
  const [trouble, setTrouble] = useState<string>();
  const key = reading && keyOf(reading);
  const record = key === undefined ? undefined : known[key];
  useEffect(() => {
    setTrouble(undefined);
    if (!reading || !key || record) return;
    const gone = new AbortController();
    const ask = async () => {
      try {
        const path = `api/document/${id}/readings/${reading.number}/${reading.kind}`;
        const answer = await call<{ record: DocumentRecord }>(path, { signal: gone.signal });
        setKnown((before) => ({ ...before, [key]: answer.record }));
      } catch (error) {
        if (gone.signal.aborted) return;
        if (!(error instanceof CallError)) throw error;
        setTrouble(
          error.status === 404
            ? 'This reading is not kept any more. Load the page anew to see which ones are.'
            : error.message,
        );
      }
    };
    void ask();
    return () => gone.abort();
  }, [id, key, round]);
  return { record, trouble };
}
