import { useState } from 'preact/hooks';
import type { ShadowForOps } from '../../api/operations.js';
import { TableHead } from '../parts/table-head.js';
import type { Part } from './asked.js';
import { dollarsOf, NONE, numberOf, percentOf, timeOf } from './figures.js';
import { DocumentLink } from './recent-section.js';
import { Facts, Section, Wide } from './section.js';

const FIRST_SHOWN = 20;
const OUTCOMES = {
  different: 'another value',
  only_control: 'only page by page',
  only_candidate: 'only in the other reading',
};

/** What the shadow found: how well both paths agree, and where they do not. */
export function ShadowSection({ part }: { part: Part<ShadowForOps> }) {
  const [isWhole, setIsWhole] = useState(false);
  return (
    <Section title="Shadow comparison" part={part}>
      {(shadow) => {
        const { mismatches } = shadow;
        const shown = isWhole ? mismatches : mismatches.slice(0, FIRST_SHOWN);
        return (
          <>
            <Facts facts={factsOf(shadow)} />
            {mismatches.length === 0 ? (
              <p class="quiet">No field was found to differ since this process began.</p>
            ) : (
              <Wide label="Mismatches">
                <Mismatches mismatches={shown} />
              </Wide>
            )}
            {shown.length < mismatches.length && (
              <p>
                <button type="button" onClick={() => setIsWhole(true)}>
                  Show all {mismatches.length}
                </button>
              </p>
            )}
          </>
        );
      }}
    </Section>
  );
}

function factsOf({ plan, fields, agreement, ...shadow }: ShadowForOps): [string, string][] {
  if (fields.candidate === 0) {
    return [
      ['Compared', 'nothing in the last 24 hours: the flag batch-page-shadow says which documents are'],
    ];
  }
  const own = shadow.beyond_noise_interval;
  return [
    ['Compared', `${numberOf(fields.candidate)} fields in 24 hours, plan ${plan ?? NONE}`],
    ['Fields that agree, by page', percentOf(agreement.candidate.page)],
    ['Page by page with itself (noise)', percentOf(agreement.noise.page)],
    ['Fields of records that agree', percentOf(agreement.candidate.merged)],
    ['Changed by batches of their own', own ? `${percentOf(own.low)} to ${percentOf(own.high)}` : NONE],
    ['Spent today', `${dollarsOf(shadow.spent_today_usd)} of ${dollarsOf(shadow.budget_usd)}`],
  ];
}

function Mismatches({ mismatches }: { mismatches: ShadowForOps['mismatches'] }) {
  return (
    <table>
      <caption class="unseen">Fields that differ, the latest first</caption>
      <TableHead names={['Document', 'Found', 'Compared', 'Page', 'Field', 'Difference']} />
      <tbody>
        {mismatches.map((mismatch, index) => (
          <tr key={index}>
            <td>
              {mismatch.document_id === null ? (
                NONE
              ) : (
                <DocumentLink id={mismatch.document_id} to="/compare" />
              )}
            </td>
            <td>{timeOf(mismatch.at)}</td>
            <td>{mismatch.comparison === 'candidate' ? 'both paths' : 'page by page twice'}</td>
            <td>{mismatch.page ?? 'record'}</td>
            <td>{mismatch.field}</td>
            <td>{OUTCOMES[mismatch.outcome]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
