import type { Overview, ServiceForOps, ServiceSaid } from '../../api/overview.js';
import type { Part } from './asked.js';
import { numberOf, timeOf } from './figures.js';
import { Facts, Section } from './section.js';

/** How it stands with the model service. */
export function ServiceSection({ part }: { part: Part<Overview> }) {
  return (
    <Section title="Model service" part={part}>
      {({ service }) => (
        <>
          <Trouble service={service} />
          <Facts
            facts={[
              ['Model', service.model],
              ['Calls of this process', callsSaid(service.calls)],
              ['Limits set, over all replicas', limitsSaid(service.limits)],
              ['Limits told by the service', toldSaid(service.told)],
              ['Form of requests', dialectSaid(service.dialect)],
              ['Batches are answered as', service.answer_form ?? 'set by LLM_ANSWER_FORM'],
            ]}
          />
          <Said
            title="Sent in another form since the service refused it"
            items={service.dialect.adapted.map((one) => ({ ...one, what: one.part }))}
          />
          <Said title="Refused last" items={service.refused.map((one) => ({ ...one, what: one.says }))} />
        </>
      )}
    </Section>
  );
}

function Trouble({ service: { trouble, outage, held_until: held } }: { service: ServiceForOps }) {
  if (outage) {
    return (
      <p class="bad">
        The service is away since {timeOf(outage.since)}. It is tried again at {timeOf(outage.next_try)}; no
        page is given up for it until {timeOf(outage.patience_until)}.
      </p>
    );
  }
  if (trouble) return <p class="bad">One call after the other fails: {trouble.says}.</p>;
  if (held !== null) return <p class="notice">The service has asked to wait until {timeOf(held)}.</p>;
  return <p class="good">Calls are answered, or none was made yet.</p>;
}

function callsSaid({ under_way: underWay, waiting, at_once: atOnce, most }: ServiceForOps['calls']): string {
  const less = atOnce < most ? ` (${most} when it answers well)` : '';
  return `${underWay} under way, ${waiting} waiting; ${atOnce} at once${less}`;
}

function limitsSaid({ concurrency, ...a }: ServiceForOps['limits']): string {
  const said = [
    ...(concurrency === null ? [] : [`${numberOf(concurrency)} calls at once`]),
    ...(a.requests_per_minute === null ? [] : [`${numberOf(a.requests_per_minute)} calls a minute`]),
    ...(a.tokens_per_minute === null ? [] : [`${numberOf(a.tokens_per_minute)} tokens a minute`]),
  ];
  return said.length === 0 ? 'none' : said.join(', ');
}

function toldSaid(told: ServiceForOps['told']): string {
  const said = (['requests', 'tokens'] as const).flatMap((name) => {
    const limit = told[name];
    return limit ? [`${numberOf(limit.left)} of ${numberOf(limit.limit)} ${name} left`] : [];
  });
  return said.length === 0 ? 'none so far' : said.join(', ');
}

function dialectSaid(dialect: ServiceForOps['dialect']): string {
  const left = dialect.left_out.length === 0 ? '' : `; left out: ${dialect.left_out.join(', ')}`;
  return `${dialect.response_format}, ${dialect.token_parameter}, instruction in the ${dialect.instruction_in} message${left}`;
}

interface SaidItem {
  at: string;
  what: string;
  service: ServiceSaid | null;
}

function Said({ title, items }: { title: string; items: readonly SaidItem[] }) {
  if (items.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul>
        {items.map(({ at, what, service }, index) => (
          <li key={index}>
            {timeOf(at)}: {what}
            {service && <span class="quiet"> {serviceSaid(service)}</span>}
          </li>
        ))}
      </ul>
    </>
  );
}

function serviceSaid({ status, code, param, message }: ServiceSaid): string {
  const named = [`status ${status}`, code && `code ${code}`, param && `parameter ${param}`].filter(Boolean);
  return `(${named.join(', ')}${message ? `: “${message}”` : ''})`;
}
