import type { Note } from '../parts/document.js';
import { LongText } from '../parts/long-text.js';
import { PageButton } from './page-lists.js';
import { noteSentence } from './special-pages.js';

interface NotesProps {
  notes: readonly Note[];
  onPage: (page: number, isByKeys: boolean) => void;
}

/** Remarks about the reading, in plain words. */
export function Notes({ notes, onPage }: NotesProps) {
  if (notes.length === 0) return null;
  return (
    <section class="sheet" aria-labelledby="notes">
      <h2 id="notes">Notes about the reading</h2>
      <ul class="notes">
        {notes.map((note, index) => (
          <li key={index}>
            {note.page !== undefined && <PageButton page={note.page} onPage={onPage} />}{' '}
            <LongText text={noteSentence(note)} />
          </li>
        ))}
      </ul>
    </section>
  );
}
