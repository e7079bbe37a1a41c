import { useId } from 'preact/hooks';
import { TableHead } from '../parts/table-head.js';

/** A bar, and between what it lies. */
export interface Bar {
  name: string;
  /** Drawn with stripes, so that two sides are told apart without their colour. */
  isStriped: boolean;
  value: number;
  least: number;
  most: number;
}

interface ChartProps {
  title: string;
  /** What the bars and the lines over them stand for. */
  about: string;
  bars: readonly Bar[];
  format: (value: number) => string;
  /** Of the table: the name of each, and which number of a bar it shows. */
  columns: readonly (readonly [name: string, of: 'value' | 'least' | 'most'])[];
}

const WIDTH = 320;
const ROW = 46;
const TOP = 4;
const AXIS = 22;

/** Bars with the range of each, and the same numbers as a table. */
export function Chart({ title, about, bars, format, columns }: ChartProps) {
  const id = useId();
  const longest = Math.max(...bars.map(({ value, most }) => Math.max(value, most)));
  const x = (value: number) => (longest > 0 ? (Math.min(value, longest) / longest) * (WIDTH - 2) + 1 : 1);
  const height = TOP + bars.length * ROW + AXIS;
  const said = bars.map(({ name, value, least, most }) => {
    const range = least === most ? '' : ` (${format(least)} to ${format(most)})`;
    return `${name}: ${format(value)}${range}`;
  });
  return (
    <figure aria-labelledby={`${id}-t`}>
      <figcaption id={`${id}-t`}>{title}</figcaption>
      {bars.length === 0 ? (
        <p class="quiet">Nothing to show yet.</p>
      ) : (
        <>
          <svg viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={`${said.join('; ')}.`}>
            <pattern
              id={`${id}-p`}
              width="6"
              height="6"
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <rect class="stripes" width="3" height="6" />
            </pattern>
            {bars.map(({ name, isStriped, value, least, most }, index) => {
              const top = TOP + index * ROW;
              const line = top + 29;
              return (
                <g key={name}>
                  <text x="1" y={top + 13}>
                    {name}: <tspan class="value">{format(value)}</tspan>
                  </text>
                  <rect
                    class={isStriped ? 'bar striped' : 'bar'}
                    {...(isStriped && { fill: `url(#${id}-p)` })}
                    x="1"
                    y={top + 20}
                    width={Math.max(0, x(value) - 1)}
                    height="18"
                  />
                  {least !== most &&
                    ['halo', 'range'].map((kind) => (
                      <path
                        key={kind}
                        class={kind}
                        d={`M${x(least)} ${line - 5}v10m0-5H${x(most)}m0-5v10`}
                        vector-effect="non-scaling-stroke"
                      />
                    ))}
                </g>
              );
            })}
            <path class="axis" d={`M1 ${height - AXIS + 2}H${WIDTH - 1}`} />
            <text class="tick" x="1" y={height - 5}>
              {format(0)}
            </text>
            <text class="tick" x={WIDTH - 1} y={height - 5} text-anchor="end">
              {longest > 0 && format(longest)}
            </text>
          </svg>
          <p class="quiet about">{about}</p>
          <details>
            <summary>As a table</summary>
            <table>
              <caption class="unseen">{title}</caption>
              <TableHead names={['Path', ...columns.map(([name]) => name)]} />
              <tbody>
                {bars.map((bar) => (
                  <tr key={bar.name}>
                    <th scope="row">{bar.name}</th>
                    {columns.map(([name, of]) => (
                      <td key={name}>{format(bar[of])}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </details>
        </>
      )}
    </figure>
  );
}
