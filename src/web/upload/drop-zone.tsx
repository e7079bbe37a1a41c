import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { counted } from './words.js';
import { dropped, ofFolder, type GivenFiles } from './files.js';
import { uploads } from './uploads.js';

interface DropZoneProps {
  maxMegabytes: number | undefined;
  /** Says it to whoever hears the page. */
  say: (says: string) => void;
}

/** Where files are given: dropped anywhere on the page, or chosen. */
export function DropZone({ maxMegabytes, say }: DropZoneProps) {
  const [name, setName] = useState('');
  const [isOver, setOver] = useState(false);
  const [note, setNote] = useState<string>();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const id = useId();

  const take = ({ files: given, passedOver }: GivenFiles) => {
    const only = given.length === 1 ? name.trim() : '';
    uploads.add(given, only || undefined, maxMegabytes);
    const notes = [
      given.length === 0 && 'There was no PDF among it.',
      passedOver > 0 && `${counted(passedOver, 'file')} passed over: of a folder, only PDFs are taken.`,
      given.length > 1 && name.trim() && 'The name was not used: it is for one file alone.',
    ];
    const said = notes.filter(Boolean).join(' ');
    setNote(said);
    say([given.length > 0 && `${counted(given.length, 'file')} to upload.`, said].filter(Boolean).join(' '));
    if (only) setName('');
  };
  const taking = useRef(take);
  taking.current = take;

  useEffect(() => {
    // The browser would show the file in place of the page.
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = ({ relatedTarget }: DragEvent) => {
      if (relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      setOver(false);
      const { dataTransfer } = event;
      if (!dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      dropped(dataTransfer).then(
        (given) => taking.current(given),
        () => setNote('What was dropped cannot be read. Choose the files with the button instead.'),
      );
    };
    window.addEventListener('dragover', over);
    window.addEventListener('dragleave', leave);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragover', over);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('drop', drop);
    };
  }, []);

  const chosen = (input: HTMLInputElement, isFolder: boolean) => {
    const all = [...(input.files ?? [])];
    // The same may be chosen again.
    input.value = '';
    if (all.length > 0) take(isFolder ? ofFolder(all) : { files: all, passedOver: 0 });
  };
  return (
    <section class={isOver ? 'sheet drop-zone over' : 'sheet drop-zone'} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Upload</h2>
      <p>
        Drop PDFs or a folder of them here
        {maxMegabytes !== undefined && <span class="quiet">, up to {maxMegabytes} MB each</span>}, or choose
        them.
      </p>
      <div class="actions">
        <button type="button" class="primary" onClick={() => files.current?.click()}>
          Choose PDFs
        </button>
        <button type="button" onClick={() => folder.current?.click()}>
          Choose a folder
        </button>
        <input
          ref={files}
          type="file"
          hidden
          multiple
          accept=".pdf,application/pdf"
          aria-label="PDFs to upload"
          onChange={({ currentTarget }) => chosen(currentTarget, false)}
        />
        <input
          ref={folder}
          type="file"
          hidden
          {...{ webkitdirectory: true }}
          aria-label="Folder to upload"
          onChange={({ currentTarget }) => chosen(currentTarget, true)}
        />
      </div>
      <p class="named">
        <label for={`${id}-name`}>Name of the document, for one file (optional)</label>
        <input
          id={`${id}-name`}
          value={name}
          maxLength={200}
          autocomplete="off"
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </p>
      {note && <p class="notice">{note}</p>}
    </section>
  );
}
