import './icon.css';

const SHAPES = {
  reading: 'M8 1.5A6.5 6.5 0 1 0 14.5 8H8z',
  done: 'M2.5 8.5l4 4 7-9',
  needs_review: 'M8 2v7.5M8 12.5v1.5',
  failed: 'M3 3l10 10M13 3L3 13',
  corrected: 'M3 13l1-3.5L11 2.5 13.5 5l-7 7z',
  warning: 'M8 2.5L14 13.5H2zM8 6.5v3M8 11v1',
} as const;

/** Drawn, because not every font has such signs. What it means stands beside it. */
export function Icon({ shape }: { shape: keyof typeof SHAPES }) {
  return (
    <svg aria-hidden="true" class="icon" viewBox="0 0 16 16" width={14} height={14}>
      <path d={SHAPES[shape]} />
    </svg>
  );
}
