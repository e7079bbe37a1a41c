import type { ShadowForOps } from '../../api/operations.js';
import type { PathSums, Recent, Spread } from '../../api/recent.js';
import type { Part } from './asked.js';
import { Chart, type Bar } from './chart.js';
import { dollarsOf, numberOf, pathName, percentOf, secondsOf } from './figures.js';
import { Section } from './section.js';

const MEDIAN = [
  ['Median', 'value'],
  ['90th percentile', 'most'],
] as const;
const INTERVAL = [
  ['Share', 'value'],
  ['At least', 'least'],
  ['At most', 'most'],
] as const;
const SHARE = [['Share', 'value']] as const;
const MEDIAN_ABOUT =
  'The bar is the median of the documents; the line reaches to what nine of ten stay within.';

/** Both paths side by side. */
export function PathsSection({ recent, shadow }: { recent: Part<Recent>; shadow: Part<ShadowForOps> }) {
  return (
    <Section title="Both paths side by side" part={recent}>
      {({ documents, paths }) => (
        <>
          <p>{basis(paths, documents.length)}</p>
          <div class="charts">
            <Spreads title="Time, seconds a page" paths={paths} of="seconds_a_page" format={secondsOf} />
            <Spreads title="Calls a page" paths={paths} of="calls_a_page" format={numberOf} />
            <Spreads title="Cost, dollars a page" paths={paths} of="cost_a_page" format={dollarsOf} />
            <Chart
              title="Failures, share of documents"
              about="Documents that failed or lack a page; the line is the interval of 95 % (Wilson)."
              bars={paths.map(({ path, failures }) => ({
                name: pathName(path),
                isStriped: path === 'single-page',
                value: failures.share,
                least: failures.least,
                most: failures.most,
              }))}
              format={percentOf}
              columns={INTERVAL}
            />
            <AgreementChart part={shadow} />
          </div>
        </>
      )}
    </Section>
  );
}

function basis(paths: readonly PathSums[], shown: number): string {
  if (paths.length === 0) {
    return shown === 0
      ? 'No document was read yet: upload one to see what it takes.'
      : 'None of the last documents says anything of its path: they are still read, were cancelled, read again, or needed no call.';
  }
  const counts = paths.map(({ path, documents, pages }) => {
    const many = `${numberOf(documents)} ${documents === 1 ? 'document' : 'documents'}`;
    return `${pathName(path).toLowerCase()} ${many} of ${numberOf(pages)} pages together`;
  });
  const last = shown === 1 ? 'document' : `${numberOf(shown)} documents`;
  return `Of the last ${last}: ${counts.join('; ')}.`;
}

interface SpreadsProps {
  title: string;
  paths: readonly PathSums[];
  of: 'seconds_a_page' | 'calls_a_page' | 'cost_a_page';
  format: (value: number) => string;
}

function Spreads({ title, paths, of, format }: SpreadsProps) {
  const bars = paths.flatMap((sums): Bar[] => {
    const spread: Spread | null = sums[of];
    if (!spread) return [];
    const { median, p90 } = spread;
    const name = pathName(sums.path);
    return [{ name, isStriped: sums.path === 'single-page', value: median, least: median, most: p90 }];
  });
  return <Chart title={title} about={MEDIAN_ABOUT} bars={bars} format={format} columns={MEDIAN} />;
}

function AgreementChart({ part: { answer, error } }: { part: Part<ShadowForOps> }) {
  if (error !== undefined && !answer) return <p class="bad">The agreement could not be read: {error}</p>;
  const own = answer?.beyond_noise_interval;
  const beyond = own
    ? ` What batches change of their own lies between ${percentOf(own.low)} and ${percentOf(own.high)}.`
    : '';
  const sides = [
    { name: 'Page by page again (noise)', isStriped: true, agree: answer?.agreement.noise.page ?? null },
    { name: 'In batches', isStriped: false, agree: answer?.agreement.candidate.page ?? null },
  ];
  return (
    <Chart
      title="Disagreement, share of fields"
      about={`From a first reading page by page, over 24 hours. The noise is how much the model differs with itself.${beyond}`}
      bars={sides.flatMap(({ name, isStriped, agree }) =>
        agree === null ? [] : [{ name, isStriped, value: 1 - agree, least: 1 - agree, most: 1 - agree }],
      )}
      format={percentOf}
      columns={SHARE}
    />
  );
}
