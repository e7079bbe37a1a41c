import { useEffect, useState } from 'preact/hooks';
import type { DocumentState } from '../../store/search.js';
import type { Shown } from './documents.js';
import { STATES } from './words.js';

const TYPED_MS = 300;

interface SearchFormProps {
  shown: Pick<Shown, 'name' | 'state'>;
  onSearch: (search: Pick<Shown, 'name' | 'state'>) => void;
}

/** Which of the documents are shown. */
export function SearchForm({ shown, onSearch }: SearchFormProps) {
  const [name, setName] = useState(shown.name);
  useEffect(() => setName(shown.name), [shown.name]);
  useEffect(() => {
    if (name === shown.name) return undefined;
    const timer = setTimeout(() => onSearch({ name, state: shown.state }), TYPED_MS);
    return () => clearTimeout(timer);
  }, [name, shown.name, shown.state, onSearch]);
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onSearch({ name, state: shown.state });
      }}
    >
      <label>
        Name{' '}
        <input
          type="search"
          value={name}
          maxLength={100}
          placeholder="Any part of it"
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      <label>
        State{' '}
        <select
          value={shown.state}
          onChange={({ currentTarget }) =>
            onSearch({ name, state: currentTarget.value as DocumentState | '' })
          }
        >
          <option value="">All</option>
          {Object.entries(STATES).map(([state, { says }]) => (
            <option key={state} value={state}>
              {says}
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}
