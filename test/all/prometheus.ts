import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

/** Where the programs of Prometheus are. */
export interface PrometheusTools {
  prometheus: string;
  promtool: string;
}

/**
 * The programs on this machine, or those of Debian's package, unpacked into a folder.
 *
 * @returns why there are none, where they cannot be had
 */
export async function prometheusTools(folder: string): Promise<PrometheusTools | string> {
  const installed = { prometheus: 'prometheus', promtool: 'promtool' };
  if (await works(installed)) return installed;
  try {
    await mkdir(folder, { recursive: true });
    const download = () => run('apt-get', ['download', 'prometheus'], { cwd: folder, timeout: 120_000 });
    // A new machine has no lists of packages yet.
    await download().catch(() => run('apt-get', ['update'], { timeout: 120_000 }).then(download));
    const file = (await readdir(folder)).find((name) => name.endsWith('.deb'));
    await run('dpkg', ['-x', join(folder, file ?? ''), folder]);
  } catch (error) {
    return `Debian's package cannot be had: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`;
  }
  const unpacked = {
    prometheus: join(folder, 'usr/bin/prometheus'),
    promtool: join(folder, 'usr/bin/promtool'),
  };
  return (await works(unpacked)) ? unpacked : 'the programs of the package do not run here';
}

async function works({ prometheus, promtool }: PrometheusTools): Promise<boolean> {
  try {
    await Promise.all([run(prometheus, ['--version']), run(promtool, ['--version'])]);
    return true;
  } catch {
    return false;
  }
}

const alerts = z.object({
  data: z.object({
    alerts: z.array(z.object({ state: z.string(), labels: z.record(z.string(), z.string()) })),
  }),
});

/** A real Prometheus that watches one process, with the alerting rules. */
export class Prometheus {
  readonly #process: ChildProcess;
  readonly #base: string;

  private constructor(process: ChildProcess, base: string) {
    this.#process = process;
    this.#base = base;
  }

  /** @param target host and port of the process */
  static async start(
    { prometheus }: PrometheusTools,
    { folder, rules, target, token }: { folder: string; rules: string; target: string; token: string },
  ): Promise<Prometheus> {
    const config = {
      global: { scrape_interval: '2s', evaluation_interval: '2s' },
      rule_files: [rules],
      scrape_configs: [
        {
          job_name: 'quire',
          metrics_path: '/ops/metrics',
          authorization: { credentials: token },
          static_configs: [{ targets: [target] }],
        },
      ],
    };
    await mkdir(folder, { recursive: true });
    // JSON is YAML.
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const port = await freePort();
    const child = spawn(
      prometheus,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    const started = new Prometheus(child, `http://127.0.0.1:${port}`);
    while (!(await started.#isReady())) {
      if (child.exitCode !== null) throw new Error('Prometheus ended');
      await sleep(100);
    }
    return started;
  }

  async #isReady(): Promise<boolean> {
    return fetch(`${this.#base}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  /** Names of the alerts that fire at present. */
  async firing(): Promise<string[]> {
    const { data } = alerts.parse(await (await fetch(`${this.#base}/api/v1/alerts`)).json());
    return data.alerts.flatMap(({ state, labels }) => (state === 'firing' ? (labels.alertname ?? []) : []));
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await once(probe.listen(0, '127.0.0.1'), 'listening');
  const { port } = probe.address() as AddressInfo;
  await once(probe.close(), 'close');
  return port;
}

/** Has `promtool` do something, and throws what it says when it finds fault. */
export async function promtool(tools: PrometheusTools, ...given: string[]): Promise<void> {
  await run(tools.promtool, given).catch((error: unknown) => {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${stdout}${stderr}`);
  });
}
