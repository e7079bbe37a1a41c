import { figuresOf, ratio, type Figures, type Ratios, type RunFigures } from '../figures.js';
import type { RunName, TimedRun, Trial } from '../trials.js';

/** What a run used, and how its batches were answered. */
export interface ParityRun extends RunFigures {
  /** Of two pages and more. */
  batches: number;
  /** Those of the batches that were not answered well as a whole. */
  salvaged_batches: number;
  /** Tokens are those that calls reported. */
  prompt_tokens: number;
  completion_tokens: number;
}

/** The figures of one document, or of all together, with the tokens and the salvage of each run. */
export interface ParityFigures extends Figures {
  runs: Record<RunName, ParityRun>;
  ratio: Ratios & Record<'prompt_tokens' | 'completion_tokens', number | null>;
}

export function parityFiguresOf(trials: readonly Trial[]): ParityFigures {
  const figures = figuresOf(trials);
  const run = (name: RunName): ParityRun => ({
    ...figures.runs[name],
    ...answersOf(trials.map(({ runs }) => runs[name])),
  });
  const runs = {
    control: run('control'),
    control_again: run('control_again'),
    candidate: run('candidate'),
  };
  const ratioOf = (of: 'prompt_tokens' | 'completion_tokens') => ratio(runs.candidate[of], runs.control[of]);
  return {
    ...figures,
    runs,
    ratio: {
      ...figures.ratio,
      prompt_tokens: ratioOf('prompt_tokens'),
      completion_tokens: ratioOf('completion_tokens'),
    },
  };
}

function answersOf(runs: readonly TimedRun[]) {
  const sum = (of: (run: TimedRun) => number) => runs.reduce((all, run) => all + of(run), 0);
  return {
    batches: sum(({ batches }) => batches.all),
    salvaged_batches: sum(({ batches }) => batches.salvaged),
    prompt_tokens: sum(({ record: { usage } }) => usage.prompt_tokens),
    completion_tokens: sum(({ record: { usage } }) => usage.completion_tokens),
  };
}
