/** What a person gave to be uploaded. */
export interface GivenFiles {
  files: File[];
  /** Those of a folder that are no PDFs by their names. */
  passedOver: number;
}

/** Those that begin with a dot are a system's own: a Mac puts `._a.pdf` beside `a.pdf`. */
const NAME = /^[^.].*\.pdf$/i;

/** The PDFs of a folder that was chosen. */
export function ofFolder(all: readonly File[]): GivenFiles {
  const files = all.filter(({ name }) => NAME.test(name));
  return { files, passedOver: all.length - files.length };
}

/** What was dropped: files as they are, and the PDFs of folders, however deep. */
export async function dropped({ items }: DataTransfer): Promise<GivenFiles> {
  // All of them at once: they are gone when the event is over.
  const given = [...items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const files: File[] = [];
  let passedOver = 0;
  for (const one of given) {
    if (one instanceof File) files.push(one);
    else if (one && isFolder(one)) {
      const inside = ofFolder(await filesIn(one));
      files.push(...inside.files);
      passedOver += inside.passedOver;
    } else if (one) files.push(await fileOf(one as FileSystemFileEntry));
  }
  return { files, passedOver };
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

async function filesIn(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader();
  const files: File[] = [];
  for (;;) {
    // A browser gives a hundred or so at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return files;
    for (const entry of some) {
      if (isFolder(entry)) files.push(...(await filesIn(entry)));
      else files.push(await fileOf(entry as FileSystemFileEntry));
    }
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
