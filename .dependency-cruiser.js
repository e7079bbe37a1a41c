/**
 * The rooms of `src/`, by floor: what stands higher may import what stands lower, never the other way
 * nor across (docs/architecture.md).
 */
export const FLOORS = [
  ['cli'],
  ['index', 'server', 'evaluation'],
  ['quire'],
  ['http', 'web', 'options', 'sharing'],
  ['observability'],
  ['documents'],
  ['engine', 'rollout', 'api'],
  ['store', 'comparison'],
  ['stages', 'settings'],
  ['processor', 'embedded-model'],
  ['llm'],
  ['fair-turns', 'e-detector', 'shared-state'],
  ['text', 'abort', 'logger', 'sliding-window', 'clock', 'pauses', 'rounds', 'wager', 'wilson'],
];

/** A room is a folder or a file of this name. */
const inside = (rooms) => `^src/(${rooms.join('|')})[./]`;

const floorRules = FLOORS.flatMap((floor, index) =>
  floor.map((room) => {
    const outside = FLOORS.slice(0, index + 1)
      .flat()
      .filter((other) => other !== room);
    return { room, outside };
  }),
)
  .filter(({ outside }) => outside.length > 0)
  .map(({ room, outside }) => ({
    name: `${room}-looks-down`,
    severity: 'error',
    comment: `${room} may import only what stands on a lower floor.`,
    from: { path: inside([room]) },
    to: { path: inside(outside) },
  }));

export default {
  forbidden: [
    ...floorRules,
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'every-room-has-a-floor',
      severity: 'error',
      from: { path: '^src/', pathNot: inside(FLOORS.flat()) },
      to: {},
    },
    {
      name: 'reading-knows-no-host',
      severity: 'error',
      comment: 'Stages, processor and calls are handed what they need.',
      from: { path: '^src/(stages|processor|llm)/' },
      to: { path: 'node_modules/(express|unleash-client|pg|@electric-sql|@opentelemetry)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    includeOnly: '^(src|node_modules)/',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
