/** What the chart adds to the style sheet of a report. A mark has the colour of its verdict. */
export const CHART_STYLE = `
.chart { display: block; width: 100%; min-width: 48rem; font-size: 13px; }
.chart text { fill: var(--text); }
.chart .tick, .chart .axis { fill: var(--quiet); }
.chart .grid { stroke: var(--line); }
.chart .size { fill: none; stroke: var(--noise); }
.chart .leader { stroke: var(--noise); stroke-width: 0.75; }
.chart .mark { stroke: currentColor; stroke-width: 2; }
.chart .control { color: var(--accent); }
.chart .measured { fill: currentColor; }
.chart .replayed { fill: var(--sheet); }
.chart .ring { fill: none; stroke: var(--text); stroke-width: 2; }
.chart .chosen { font-weight: 700; }
code { padding: 0.1rem 0.3rem; border-radius: 0.2rem; background: var(--sheet); color: var(--text); }
`;
