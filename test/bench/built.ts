export const HERE = new URL('../../', import.meta.url).href;

/** A file of the build, where the worker threads are: of this checkout, or of another one. */
export async function built<T>(path: string, root: string = HERE): Promise<T> {
  return (await import(new URL(`dist/${path}`, root).href)) as T;
}
