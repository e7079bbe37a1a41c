import { useState } from 'preact/hooks';

interface LongTextProps {
  text: string;
  /** Characters that are shown at once. */
  most?: number;
}

const USUAL_MOST = 300;

/** A text of a document, whatever its writing runs like; the end of a long one is shown when asked for. */
export function LongText({ text, most = USUAL_MOST }: LongTextProps) {
  const [isOpen, setOpen] = useState(false);
  if (text.trim() === '') return <span class="quiet">(empty)</span>;
  return (
    <>
      <bdi>{isOpen ? text : cutText(text, most)}</bdi>
      {text.length > most && (
        <>
          {' '}
          <ShowAll length={text.length} isOpen={isOpen} onToggle={() => setOpen(!isOpen)} />
        </>
      )}
    </>
  );
}

interface ShowAllProps {
  length: number;
  isOpen: boolean;
  onToggle: () => void;
}

/** Shows the end of a text that was cut, or hides it again. */
export function ShowAll({ length, isOpen, onToggle }: ShowAllProps) {
  return (
    <button type="button" class="show-all" aria-expanded={isOpen} onClick={onToggle}>
      {isOpen ? 'Show less' : `Show all ${length.toLocaleString('en')} characters`}
    </button>
  );
}

/** The beginning of a long text, with a sign that more follows. */
export function cutText(text: string, most: number = USUAL_MOST): string {
  return text.length > most ? `${text.slice(0, most).toWellFormed()}…` : text;
}

/** A field's name as people write it. */
export function spokenName(name: string): string {
  return name.replaceAll('_', ' ').trim() || '(no name)';
}
