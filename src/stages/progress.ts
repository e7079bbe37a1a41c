/** The stages of a document, in order (CURRENT_SYSTEM, Stages). */
export const STAGES = [
  'ocr_extraction',
  'account_splitting',
  'page_analysis',
  'llm_extraction',
  'completed',
] as const;
export type Stage = (typeof STAGES)[number];

/** Where in the overall progress, in percent, each stage begins and ends. */
const SPAN: Readonly<Record<Stage, readonly [from: number, to: number]>> = {
  ocr_extraction: [40, 55],
  account_splitting: [55, 65],
  page_analysis: [65, 75],
  llm_extraction: [75, 95],
  completed: [100, 100],
};

/** Progress of one document: reported at the start of each stage and each time pages are done. */
export interface Progress {
  stage: Stage;
  /** Overall, 0 to 100; never goes back. Uploading takes the first 40. */
  percent: number;
  /** Of this stage, 0 to 100. */
  stagePercent: number;
  /** Pages this stage is done with. */
  pagesProcessed: number;
  totalPages: number;
  /** Account numbers, known from the end of account splitting. */
  accounts: readonly string[];
}

export type OnProgress = (progress: Progress) => void;

/** @param share of the stage that is done, 0 to 1 */
export function progressAt(stage: Stage, share: number, known: Partial<Progress> = {}): Progress {
  const [from, to] = SPAN[stage];
  return {
    pagesProcessed: 0,
    totalPages: 0,
    accounts: [],
    ...known,
    stage,
    percent: Math.floor(from + (to - from) * share),
    stagePercent: Math.floor(100 * share),
  };
}
