/** Numbers as people read them. */

const rounded = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** What stands where nothing is known. */
export const NONE = '–';

export function numberOf(value: number | null): string {
  if (value === null) return NONE;
  return value >= 1_000 ? whole.format(value) : rounded.format(value);
}

export function secondsOf(value: number | null): string {
  return value === null ? NONE : `${numberOf(value)} s`;
}

export function dollarsOf(value: number | null): string {
  return value === null ? NONE : `$${numberOf(value)}`;
}

export function percentOf(share: number | null): string {
  return share === null ? NONE : `${numberOf(100 * share)} %`;
}

/** The time of the day, with the date where it is another day. */
export function timeOf(iso: string | Date): string {
  const date = new Date(iso);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday
    ? date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
    : date.toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });
}

/** A time that has passed, or is to pass, in one unit. */
export function durationOf(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** Of a path, or of a plan's. */
export function pathName(path: string | null): string {
  if (path === null) return 'Not known';
  return path === 'batch' ? 'In batches' : 'Page by page';
}
