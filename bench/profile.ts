// Shows where the relay's main thread spends its time, by load. Prints the table of docs/performance.md.
//
//   npm run bench:profile -- [--seconds 3]
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../lib/conformance/ports.js';
import { buildNative, builtPath } from './build.js';
import { CATEGORY_NAMES, cpuShares, type Profile, sourceLocator } from './cpu-shares.js';
import { outputOf, startProcess, stopAllAtExit, temporaryFolder } from './processes.js';
import { MINI, makeRelays, type Relay } from './relays.js';
import { table } from './table.js';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '3' } } });

const MAX_LOAD_MS = 60_000;
/** The start of the relay, and most of its compiling, are not a part of the table. */
const SKIPPED_US = 1_000_000;
const FILTER = ['-t', 'filter=drop:secret'];
const fanOut = (readers: number): string[] => ['--readers', String(readers), 'fan-out'];

const LOADS: readonly (readonly [name: string, load: readonly string[], relayArgs?: readonly string[]])[] = [
  ['1 reader', fanOut(1)],
  ['10 readers', fanOut(10)],
  ['100 readers', fanOut(100)],
  ['closed loop, 100', ['--clients', '100', 'chat']],
  ['closed loop, 10', ['--clients', '10', 'chat']],
  ['churn', ['--clients', '100', 'churn']],
  ['10 readers, `filter`', fanOut(10), FILTER],
];

async function profile(load: readonly string[], relayArgs: readonly string[]): Promise<Profile> {
  const folder = temporaryFolder();
  const port = String(await freePort());
  const { command: mini } = makeRelays(builtPath, []).get(MINI) as Relay;
  const [node, ...script] = mini as readonly [string, ...string[]];
  const command = [node, '--cpu-prof', `--cpu-prof-dir=${folder}`, ...script, ...relayArgs, port];
  const relay = startProcess([builtPath('load'), 'guard', ...command], 'ignore');
  const exit = once(relay, 'exit');
  const args = ['--port', port, '--style', 'client', '--warmup', '1', '--seconds', values.seconds, ...load];
  const output = await outputOf(startProcess([builtPath('load'), ...args], 'pipe'), MAX_LOAD_MS);
  if (output === 'timeout' || output.code !== 0)
    throw new Error(`the load generator failed: ${load.join(' ')}`);
  const { disqualified } = JSON.parse(output.out) as { disqualified?: string };
  if (disqualified !== undefined) throw new Error(`${load.join(' ')}: ${disqualified}`);
  relay.kill('SIGTERM');
  await exit;
  // The profile of the main thread: its file name has the number of the thread after that of the process.
  const file = readdirSync(folder).find((name) => /\.0\.\d+\.cpuprofile$/.test(name));
  if (file === undefined) throw new Error('the relay wrote no profile');
  return JSON.parse(readFileSync(join(folder, file), 'utf8'));
}

/** In per cent; small shares have a digit more. */
function percent(share: number): string {
  return share > 0 && share < 0.02 ? (share * 100).toFixed(1) : String(Math.round(share * 100));
}

stopAllAtExit();
buildNative();
const locate = sourceLocator();
const columns: Map<string, number>[] = [];
for (const [name, load, relayArgs = []] of LOADS) {
  process.stderr.write(`${name}\n`);
  columns.push(cpuShares(await profile(load, relayArgs), SKIPPED_US, locate));
}
const rows = CATEGORY_NAMES.map((name) => [
  name,
  ...columns.map((shares) => percent(shares.get(name) as number)),
]);
process.stdout.write(table(['', ...LOADS.map(([name]) => name)], rows));
