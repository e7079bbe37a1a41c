import { support } from './support.js';
import { alarms } from './alarms.js';
import { blocks } from './blocks.js';
import { answers } from './cost.js';
import { damaged } from './damaged.js';
import { fairness } from './fairness.js';
import { flips } from './flips.js';
import { limiter } from './limiter.js';
import { limits } from './limits.js';
import { list } from './list.js';
import { memory } from './memory.js';
import { overlap } from './overlap.js';
import { ocr } from './ocr.js';
import { oddFiles } from './odd-files.js';
import { overload } from './overload.js';
import { ownTime } from './own-time.js';
import { pages } from './pages.js';
import { bothPaths } from './paths.js';
import { plans } from './plans.js';
import { besidePeers } from './peers.js';
import { replay } from './replay.js';
import { replicas } from './replicas.js';

/** `npm run bench -- NAME` runs one, without a name all. What is over its bound ends it with 1. */
const BENCHES: Record<string, () => Promise<void>> = {
  paths: bothPaths,
  plans,
  overload,
  overlap,
  damaged,
  memory,
  fairness,
  flips,
  limits,
  limiter,
  list,
  replay,
  'odd-files': oddFiles,
  pages,
  replicas,
  blocks,
  ocr,
  alarms,
  support,
  answers,
  'own-time': ownTime,
  peers: besidePeers,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  throw new Error(`There is no bench ${unknown.join()}; there are ${Object.keys(BENCHES).join(', ')}.`);
}
for (const [name, run] of Object.entries(BENCHES)) {
  if (names.length > 0 && !names.includes(name)) continue;
  process.stdout.write(`\n# ${name}\n`);
  await run();
}
