import type { Note } from '../parts/document.js';
import { failureWords } from '../parts/failure-words.js';
import { LongText } from '../parts/long-text.js';
import { PageButton } from './page-lists.js';

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
            <LongText text={sentence(note)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function sentence({ kind, detail }: Note): string {
  switch (kind) {
    case 'asked_again':
      return `It was asked about once more, alone, because ${failureWords(detail) || 'the first answer could not be used'}.`;
    case 'account_in_passing':
      return `It belongs to its account because the number ${detail} stands in its text. A letter may mention any number: see whether it does.`;
    case 'joined_in_passing':
      return `It names no account and follows page ${detail}, which names one only in its text.`;
    case 'few_fields':
      return `Fewer values were read than stand there: ${detail}. Look at this page first.`;
    case 'field_dropped':
      return `${detail} of its fields came in a form that could not be read, twice, and were left out.`;
    case 'unsure_text':
      return `Its picture is hard to read: OCR was ${detail} of 100 sure.`;
    case 'service_refused':
      return `The model service refused it: ${detail}`;
  }
}
