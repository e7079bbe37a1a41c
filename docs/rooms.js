import { readFileSync, writeFileSync } from 'node:fs';
import { cruise } from 'dependency-cruiser';
import { format } from 'prettier';
import config, { FLOORS } from '../.dependency-cruiser.js';

/**
 * Draws the rooms and who imports whom into docs/architecture.md: `npm run rooms`. An arrow that others
 * imply is left out.
 */
const PAGE = new URL('architecture.md', import.meta.url);
const BEGIN = '<!-- rooms: drawn by npm run rooms -->';
const END = '<!-- /rooms -->';

const { output } = await cruise(['src'], { ...config.options, ruleSet: config });
const imports = new Map(FLOORS.flat().map((room) => [room, new Set()]));
for (const { source, dependencies } of output.modules) {
  for (const { resolved } of dependencies) {
    const [from, to] = [roomOf(source), roomOf(resolved)];
    if (imports.has(from) && imports.has(to) && from !== to) imports.get(from).add(to);
  }
}

function roomOf(path) {
  return /^src\/([\w-]+)/.exec(path)?.[1];
}

/** Whether a room is reached from another by way of a third. */
function isImplied(from, to) {
  return [...imports.get(from)].some((between) => between !== to && reaches(between, to));
}

function reaches(from, to) {
  return from === to || [...imports.get(from)].some((next) => reaches(next, to));
}

const GROUND = FLOORS.at(-1);
const rooms = FLOORS.slice(0, -1).map(
  (floor, index) => `subgraph floor${index} [" "]\ndirection LR\n${floor.join('\n')}\nend`,
);
const arrows = [...imports].flatMap(([from, all]) =>
  [...all].filter((to) => !GROUND.includes(to) && !isImplied(from, to)).map((to) => `${from} --> ${to}`),
);
const picture = ['```mermaid', 'flowchart TD', ...rooms, ...arrows, '```'].join('\n');

const page = readFileSync(PAGE, 'utf8');
const [before, after] = [page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)];
const drawn = `${page.slice(0, before)}\n\n${picture}\n\n${page.slice(after)}`;
writeFileSync(PAGE, await format(drawn, { parser: 'markdown', printWidth: 110 }));
