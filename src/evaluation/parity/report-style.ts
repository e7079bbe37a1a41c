/** The style sheet of `report.html`; named by its hash in the page's content security policy. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --text: #1d2126; --quiet: #59626c; --ground: #f6f7f8; --sheet: #fff; --line: #d5dade;
  --accent: #0b5cad; --noise: #8793a0; --mark: #e9edf1;
  --good: #17663a; --good-ground: #e5f4ea; --bad: #a8201a; --bad-ground: #fdecea;
  --warn: #7a4b00; --warn-ground: #fdf3dc;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6e8ea; --quiet: #a2abb4; --ground: #16191c; --sheet: #1f2327; --line: #3a4148;
    --accent: #7ab8f5; --noise: #8a949e; --mark: #2d333a;
    --good: #86d9a5; --good-ground: #17321f; --bad: #ff9d96; --bad-ground: #3d1c1b;
    --warn: #f2c063; --warn-ground: #372a10;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 76rem; padding: 1rem;
  font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground);
  overflow-wrap: anywhere;
}
h1, h2, h3, p { margin: 0 0 0.5rem; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.2rem; }
h3 { font-size: 1rem; margin-top: 1rem; }
.quiet { color: var(--quiet); }
section { margin: 1rem 0; padding: 1rem; background: var(--sheet); border: 1px solid var(--line); border-radius: 0.5rem; }
.verdict { border-left-width: 0.375rem; }
.verdict p:last-child { margin: 0; }
.agrees { color: var(--good); background: var(--good-ground); border-color: var(--good); }
.agrees_less { color: var(--bad); background: var(--bad-ground); border-color: var(--bad); }
.too_few_pages { color: var(--warn); background: var(--warn-ground); border-color: var(--warn); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: 0.75rem; margin: 1rem 0; }
.card { padding: 0.75rem 1rem; background: var(--sheet); border: 1px solid var(--line); border-radius: 0.5rem; }
.card dt { font-size: 0.875rem; color: var(--quiet); }
.card dd { margin: 0; }
.card .figure { font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.card .note { font-size: 0.8125rem; color: var(--quiet); }
.wide { overflow-x: auto; }
table { width: 100%; margin: 0.5rem 0; border-collapse: collapse; font-size: 0.875rem; }
caption { text-align: left; font-weight: 600; padding: 0.25rem 0.5rem; }
th, td { padding: 0.3rem 0.5rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--quiet); font-weight: 600; }
tbody th { font-weight: 500; }
.number { text-align: right; white-space: nowrap; overflow-wrap: normal; font-variant-numeric: tabular-nums; }
.bar { display: block; width: 100%; min-width: 8rem; height: 0.75rem; margin-top: 0.25rem; }
.bar .all { fill: var(--mark); }
.bar .candidate { fill: var(--accent); }
.bar .noise { fill: var(--noise); }
.value { min-width: 12rem; }
.value .text { background: var(--mark); border-radius: 0.2rem; }
.text { white-space: pre-wrap; }
.sign { padding: 0 0.2rem; margin: 0 0.1rem; border: 1px solid var(--line); border-radius: 0.2rem; font-size: 0.6875rem; color: var(--warn); white-space: nowrap; }
details { border-top: 1px solid var(--line); padding: 0.5rem 0; }
summary { cursor: pointer; }
summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
em { color: var(--quiet); }
@media print { body { background: none; } section, .card { break-inside: avoid; } }
`;
