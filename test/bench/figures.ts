/** Shows a figure, and fails the bench when it is over the most that is fine. */
export function atMost(most: number, name: string, figure: number): void {
  const isOver = !(figure <= most);
  process.stdout.write(`${isOver ? 'OVER' : 'fine'}  ${name}: ${figure.toFixed(2)}, at most ${most}\n`);
  if (isOver) process.exitCode = 1;
}

/** Milliseconds that something takes. */
export async function timed(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}
