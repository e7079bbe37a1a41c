/**
 * Builds Quire and starts its server. `npm run dev` has Node.js run this again whenever a file in `src/` changes.
 * What runs is the build, because the worker threads and the page are part of it.
 */
import { spawnSync } from 'node:child_process';

const build = spawnSync('npm run build --silent', { shell: true, stdio: 'inherit' });
if (build.status === 0) await import('../dist/server.js');
else process.exitCode = 1;
