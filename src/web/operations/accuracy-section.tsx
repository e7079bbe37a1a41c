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
              {numberOf(accuracy.documents)} {accuracy.documents === 1 ? 'document' : 'documents'}.
            </p>
            <p class="quiet">{accuracy.note}</p>
            <Rates title="By path" rates={accuracy.by_path} named={pathName} />
            <Rates title="By plan" rates={accuracy.by_plan} />
            <Rates
              title="By field"
              rates={accuracy.by_field}
              named={(name) => name ?? 'Others, of documents that are gone'}
            />
            <Rates title="By model" rates={accuracy.by_model} />
            <Rates title="By form of answers" rates={accuracy.by_answer_form} />
          </>
        );
      }}
    </Section>
  );
}

interface RatesProps {
  title: string;
  rates: readonly ErrorRateOf[];
  named?: (name: string | null) => string;
}

function Rates({ title, rates, named = (name) => name ?? 'Not known' }: RatesProps) {
  if (rates.length === 0) return null;
  return (
    <details>
      <summary>
        {title} ({rates.length})
      </summary>
      <Wide label={title}>
        <table>
          <caption class="unseen">{title}</caption>
          <TableHead
            names={[title.replace('By ', ''), 'Wrong', 'Looked at', 'Rate', 'At least', 'At most']}
          />
          <tbody>
            {rates.map(({ name, corrected, values, rate, least, most }) => (
              <tr key={name}>
                <th scope="row">{named(name)}</th>
                <td>{numberOf(corrected)}</td>
                <td>{numberOf(values)}</td>
                <td>{percentOf(rate)}</td>
                <td>{percentOf(least)}</td>
                <td>{percentOf(most)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </details>
  );
}
