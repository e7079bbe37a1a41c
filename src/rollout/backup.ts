import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientFeaturesResponse } from 'unleash-client';

/**
 * What an Unleash client starts from until a server has answered, and where it keeps what the server
 * said. The SDK's own bootstrap is not used: it may win over a newer backup, and its client takes it
 * for an answer of the server.
 */
export interface FlagStorage {
  get(): Promise<ClientFeaturesResponse | undefined>;
  set(key: string, flags: ClientFeaturesResponse): Promise<void>;
}

/** The flags as they ship: both off, at 0 %. */
export function bootstrapOnly(): FlagStorage {
  return { get: readBootstrap, set: () => Promise.resolve() };
}

/**
 * The last known state in a file that outlives the process; the bootstrap where there is none.
 *
 * @param onError told that the file cannot be read or written; requests go on without it
 */
export function backedUp(folder: string, onError: (error: unknown) => void): FlagStorage {
  const file = join(folder, 'flags.json');
  let last = '';
  return {
    async get() {
      try {
        return JSON.parse(await readFile(file, 'utf8')) as ClientFeaturesResponse;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onError(error);
        return readBootstrap();
      }
    },
    async set(_key, flags) {
      const text = JSON.stringify(flags);
      if (text === last) return;
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        // Renamed into place: another process never reads half a file.
        const written = `${file}.${randomUUID()}`;
        await writeFile(written, text, { mode: 0o600 });
        await rename(written, file);
        last = text;
      } catch (error) {
        onError(error);
      }
    },
  };
}

/** A folder of its own for each server and environment: the token belongs to one environment. */
export function usualFolder(url: string, token: string): string {
  const key = createHash('sha256').update(`${url}\n${token}`).digest('hex').slice(0, 32);
  return join(tmpdir(), `quire-flags-${key}`);
}

let bootstrap: Promise<string> | undefined;

async function readBootstrap(): Promise<ClientFeaturesResponse> {
  bootstrap ??= readFile(new URL('./bootstrap.json', import.meta.url), 'utf8');
  return JSON.parse(await bootstrap) as ClientFeaturesResponse;
}
