import type { Accuracy, ErrorRateOf } from '../../api/accuracy.js';
import { TableHead } from '../parts/table-head.js';
import type { Part } from './asked.js';
import { numberOf, pathName, percentOf } from './figures.js';
import { Section, Wide } from './section.js';

/** How often people corrected what was read. */
export function AccuracySection({ part }: { part: Part<Accuracy> }) {
  return (
    <Section title="Accuracy, by what people corrected" part={part}>
      {(accuracy) => {
        const { all } = accuracy;
        if (!all) return <p class="quiet">No value was reviewed yet.</p>;
        return (
          <>
            <p>
              {numberOf(all.corrected)} of {numberOf(all.values)} values that people looked at were wrong:{' '}
              {percentOf(all.rate)}, between {percentOf(all.least)} and {percentOf(all.most)}, in{' '}
              {numberOf(accuracy.documents)} {accuracy.documents === 1 ? 'document' : 'documents'}, those that
              were deleted since, too.
            </p>
            <p class="quiet">
              {accuracy.note} Between: the 95 % interval (Wilson). It is wide where few values were looked at.
              What is wrong for sure stands first.
            </p>
            <Rates title="By path" rates={accuracy.by_path} named={pathName} />
            <Rates title="By plan" rates={accuracy.by_plan} />
            <Rates
              title="By field"
              rates={accuracy.by_field}
              named={(name) => (name === null ? 'Others, of documents that are gone' : shortened(name))}
            />
            {accuracy.more_fields > 0 && (
              <p class="quiet">
                {numberOf(accuracy.more_fields)} more {accuracy.more_fields === 1 ? 'field' : 'fields'} with
                lower rates or fewer values.
              </p>
            )}
            <Rates title="By model" rates={accuracy.by_model} />
            <Rates title="By form of answers" rates={accuracy.by_answer_form} />
          </>
        );
      }}
    </Section>
  );
}

/** Models write names, of any length. */
const LONGEST_NAME = 100;

function shortened(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}

interface RatesProps {
  title: string;
  rates: readonly ErrorRateOf[];
  named?: (name: string | null) => string;
}

function Rates({ title, rates, named = (name) => name ?? 'Not known' }: RatesProps) {
  if (rates.length === 0) return null;
  const heading = title.charAt(3).toUpperCase() + title.slice(4);
  return (
    <details>
      <summary>
        {title} ({rates.length})
      </summary>
      <Wide label={title}>
        <table>
          <caption class="unseen">{title}</caption>
          <TableHead names={[heading, 'Wrong', 'Looked at', 'Rate', 'Between', '0 to 100 %']} />
          <tbody>
            {rates.map(({ name, corrected, values, rate, least, most }) => (
              <tr key={name}>
                <th scope="row">{named(name)}</th>
                <td>{numberOf(corrected)}</td>
                <td>{numberOf(values)}</td>
                <td>{percentOf(rate)}</td>
                <td>
                  {percentOf(least)} and {percentOf(most)}
                </td>
                <td>
                  <Interval rate={rate} least={least} most={most} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </details>
  );
}

const WIDTH = 100;

/** The rate and its interval on a line from 0 to 100 %; the same stands beside it in numbers. */
function Interval({ rate, least, most }: Pick<ErrorRateOf, 'rate' | 'least' | 'most'>) {
  return (
    <svg class="interval" viewBox={`-4 0 ${WIDTH + 8} 12`} aria-hidden="true">
      <line class="axis" x1={0} x2={WIDTH} y1={6} y2={6} />
      <line class="range" x1={WIDTH * least} x2={WIDTH * most} y1={6} y2={6} />
      <circle cx={WIDTH * rate} cy={6} r={3.5} />
    </svg>
  );
}
