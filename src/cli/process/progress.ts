import cliProgress from 'cli-progress';
import type { Progress } from '../../documents/progress.js';
import { plain, writeError } from '../../evaluation/report/terminal.js';

/** Shows how the files of a run get on. */
export interface RunProgress {
  /** A file is read from now on. */
  begin(name: string): FileProgress;
  /** Shows no more. */
  stop(): void;
}

interface FileProgress {
  update(progress: Progress): void;
  /** @param how what came of it, in a few words */
  end(how: string): void;
}

/** Bars on a terminal; elsewhere a plain line for each file that has ended. */
export function newProgress(files: number): RunProgress {
  return process.stderr.isTTY ? new Bars(files) : LINES;
}

const LINES: RunProgress = {
  begin: (name) => ({ update: () => undefined, end: (how) => writeError(`${name}: ${how}`) }),
  stop: () => undefined,
};

/** The share of a document's progress that an upload has, in percent. */
const UPLOADED = 40;
/** Rows of the terminal that bars leave free. */
const FREE_ROWS = 4;

class Bars implements RunProgress {
  readonly #bars = new cliProgress.MultiBar(
    {
      format: '{bar} {percentage}% {what}',
      barsize: 24,
      clearOnComplete: true,
      hideCursor: true,
      gracefulExit: false,
      stream: process.stderr,
    },
    cliProgress.Presets.shades_grey,
  );
  readonly #all: cliProgress.SingleBar;
  #ended = 0;
  #shown = 0;
  /** A bar that is changed later would be drawn again, and go on for good. */
  #isStopped = false;

  constructor(readonly files: number) {
    this.#all = this.#bars.create(files, 0, { what: this.#count() });
  }

  begin(name: string): FileProgress {
    // Bars that do not fit would push each other off the screen.
    const fits = this.#shown < Math.max(1, process.stderr.rows - FREE_ROWS);
    const bar = fits ? this.#bars.create(100, 0, { what: plain(name).replaceAll('\n', '?') }) : undefined;
    if (bar) this.#shown++;
    return {
      update: ({ percent }) => {
        if (!this.#isStopped) bar?.update(Math.max(0, ((percent - UPLOADED) / (100 - UPLOADED)) * 100) | 0);
      },
      end: () => {
        if (this.#isStopped) return;
        this.#ended++;
        this.#all.update(this.#ended, { what: this.#count() });
        if (!bar) return;
        this.#shown--;
        this.#bars.remove(bar);
      },
    };
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#bars.stop();
  }

  #count(): string {
    return `${this.#ended} of ${this.files} ${this.files === 1 ? 'file' : 'files'}`;
  }
}
