import { codeOf } from './trial-error.js';

const SAYS = new Map([
  ['ENOENT', 'There is no such file.'],
  ['EACCES', 'It is not permitted.'],
  ['EPERM', 'It is not permitted.'],
  ['EISDIR', 'It is a folder.'],
  ['ENOTDIR', 'A part of the path is no folder.'],
  ['EEXIST', 'It is no folder.'],
  ['ELOOP', 'Its links go round in a circle.'],
  ['ENAMETOOLONG', 'The name is too long.'],
  ['EROFS', 'The disk is read-only.'],
  ['ENOSPC', 'There is no space left on the disk.'],
  ['EDQUOT', 'There is no space left on the disk.'],
  ['ERR_FS_FILE_TOO_LARGE', 'It is larger than 2 GB.'],
]);

/**
 * What keeps a file from being read or written, as a sentence.
 *
 * @throws the error, where it is none of the file system's
 */
export function faultOf(error: unknown): string {
  const code = codeOf(error);
  if (code === '') throw error;
  return SAYS.get(code) ?? `${code}.`;
}
