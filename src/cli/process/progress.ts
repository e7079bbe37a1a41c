import cliProgress from 'cli-progress';
import type { Progress } from '../../documents/progress.js';
import { oneLine, plain, writeError } from '../../evaluation/report/terminal.js';
import { count } from '../../evaluation/report/wording.js';
import type { WaitReason } from '../../llm/turns.js';

/** Shows how the files of a run get on. */
export interface RunProgress {
  /** A file is read from now on. */
  begin(name: string): FileProgress;
  /** Shows no more. */
  stop(): void;
}

export interface FileProgress {
  update(progress: Progress): void;
  /** Its calls cannot start for now. */
  wait(why: WaitReason): void;
  /** @param how what came of it, in a few words; undefined where that is not worth a line */
  end(how: string | undefined): void;
}

const WAITS = {
  asked_to_wait: 'the model service asked to wait',
  rate_limit: 'the rate limit of the model service is used up',
  outage: 'the model service cannot be reached, or fails; it is asked again',
} as const satisfies Record<WaitReason, string>;

/** Bars on a terminal; elsewhere a plain line for each file that has ended. */
export function newProgress(files: number): RunProgress {
  return process.stderr.isTTY && process.env.TERM !== 'dumb' ? new Bars(files) : new Lines();
}

class Lines implements RunProgress {
  #hasTold = false;

  begin(name: string): FileProgress {
    return {
      update: () => undefined,
      wait: (why) => this.#wait(why),
      end: (how) => {
        if (how !== undefined) writeError(`${oneLine(name)}: ${how}`);
      },
    };
  }

  stop(): void {
    // Lines stay as they are.
  }

  /** Short waits are a matter of course. */
  #wait(why: WaitReason): void {
    if (why !== 'outage' || this.#hasTold) return;
    this.#hasTold = true;
    writeError(`Waiting: ${WAITS[why]}.`);
  }
}

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
    const bar = fits ? this.#bars.create(100, 0, { what: plain(oneLine(name)) }) : undefined;
    if (bar) this.#shown++;
    return {
      update: ({ percent }) => {
        if (this.#isStopped) return;
        bar?.update(Math.max(0, ((percent - UPLOADED) / (100 - UPLOADED)) * 100) | 0);
        this.#showAll();
      },
      wait: (why) => {
        if (!this.#isStopped) this.#showAll(why);
      },
      end: () => {
        if (this.#isStopped) return;
        this.#ended++;
        this.#showAll();
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

  #showAll(why?: WaitReason): void {
    const waits = why === undefined ? '' : `, waiting: ${WAITS[why]}`;
    this.#all.update(this.#ended, { what: `${this.#count()}${waits}` });
  }

  #count(): string {
    return `${this.#ended} of ${count(this.files, 'file')}`;
  }
}
