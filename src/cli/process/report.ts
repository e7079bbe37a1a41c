import { aligned, oneLine } from '../../evaluation/report/terminal.js';
import { textOf } from '../../processor/merge.js';
import { accountRecords, type DocumentRecord } from '../../stages/record.js';
import { figuresOf, type Outcome } from './outcome.js';

/** A file of the run, and what came of it. */
export interface FileEnd {
  name: string;
  outcome: Outcome;
  seconds: number;
}

const HEAD = ['File', 'Pages', 'Accounts', 'Fields', 'Failed pages', 'Calls', 'Cost', 'Seconds', 'State'];

/** The table at the end, and below it why files could not be read. */
export function tableOf(ends: readonly FileEnd[]): string {
  const rows = ends.map(rowOf);
  const failed = ends.flatMap(({ name, outcome }) =>
    outcome.state === 'failed' ? [`${oneLine(name)}: ${outcome.reason}`] : [],
  );
  return [...aligned([HEAD, ...rows]), ...(failed.length > 0 ? ['', ...failed] : [])].join('\n');
}

function rowOf({ name, outcome, seconds }: FileEnd): string[] {
  const took = seconds.toFixed(1);
  if (!('written' in outcome)) {
    return [oneLine(name), '', '', '', '', '', '', outcome.state === 'failed' ? took : '', outcome.state];
  }
  const { record } = outcome.written;
  const { pages, accounts, fields, failedPages } = figuresOf(record);
  const counts = [pages, accounts, fields, failedPages].map(String);
  if (outcome.state === 'kept') return [oneLine(name), ...counts, '0', '', '', 'written before'];
  const { calls, cost_usd: cost } = record.usage;
  return [oneLine(name), ...counts, String(calls), moneyOf(cost), took, outcome.written.state];
}

/** A cost that is not known is not 0. */
function moneyOf(cost: number | null): string {
  return cost === null ? 'unknown' : `$${cost.toFixed(4)}`;
}

/** A record for people to read. */
export function shownRecord(name: string, record: DocumentRecord): string {
  const parts = accountRecords(record).map(({ accountNumber, pages, result }) => {
    const title = accountNumber === null ? 'No account named' : `Account ${accountNumber}`;
    const width = Math.max(0, ...Object.keys(result).map((field) => field.length));
    const fields = Object.entries(result).map(
      ([field, value]) => `    ${oneLine(field).padEnd(width)}  ${oneLine(textOf(value))}`,
    );
    return [`  ${title}, pages ${pages.join(', ')}`, ...fields].join('\n');
  });
  return [oneLine(name), ...parts].join('\n');
}

/**
 * A value as JSON on one line. A terminal obeys control characters, of which JSON leaves some as they are.
 */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(/[^\P{C}]/gu, (sign) =>
    Array.from(
      { length: sign.length },
      (_, at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
