interface ProblemProps {
  /** Why it is not there, in a sentence. */
  says: string;
  onAgain: () => void;
}

/** What could not be fetched, and is asked for again when the person says so. */
export function Problem({ says, onAgain }: ProblemProps) {
  return (
    <div class="problem">
      <p class="bad" role="alert">
        {says}
      </p>
      <button type="button" onClick={onAgain}>
        Try again
      </button>
    </div>
  );
}
