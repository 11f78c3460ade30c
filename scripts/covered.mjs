// The specs, and how much of what runs they cover. What cannot be tried on a machine is not counted on it either.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const specs = fileURLToPath(new URL('specs.mjs', import.meta.url));
const c8 = fileURLToPath(new URL('../node_modules/c8/bin/c8.js', import.meta.url));
const nats = spawnSync('nats-server', ['--version'], { stdio: 'ignore' }).status === 0;
const without = nats ? [] : ['--exclude', 'dist/lib/room/nats/**'];
const { status } = spawnSync(process.execPath, [c8, ...without, process.execPath, specs], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
