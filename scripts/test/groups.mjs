// Which spec files run together in one mocha process, and in which order the groups start.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './children.mjs';

/** A folder that takes a larger share of the whole time is split, so that no group runs alone at the end. */
const MAX_SHARE = 1 / 12;
/** A folder is not split into parts that take less than this, however few files were chosen. */
const MIN_PART_SECONDS = 5;
/** Folders that take a smaller share are put together, because starting mocha costs about half a second. */
const MIN_SHARE = 1 / 100;
/** Least weight of a spec file, because its recorded time may be rounded to 0. */
const MIN_FILE_SECONDS = 0.05;
/** For a spec file that is not in the list yet. */
const UNKNOWN = { tests: 5, seconds: 1, cpu: 1 };

const LIST = new URL('durations.json', import.meta.url);

/** How many tests a spec file has and how long they took when they were last recorded; only a hint for the order. */
const durations = JSON.parse(readFileSync(LIST, 'utf8'));

/**
 * Finds the spec files.
 *
 * @param {boolean} long those named `*.long.spec.ts`, or all others
 * @returns {string[]} such as `spec/relay/close.spec.ts`
 */
export function findSpecs(long) {
  return readdirSync(join(ROOT, 'spec'), { recursive: true })
    .filter((name) => name.endsWith('.spec.ts') && isLong(name) === long)
    .map((name) => `spec/${name}`)
    .sort();
}

/** Sums up the recorded tests and times of these files. */
export function estimate(files) {
  const sum = (key) => files.reduce((total, file) => total + knownOf(file)[key], 0);
  return { tests: sum('tests'), seconds: sum('seconds'), cpu: sum('cpu') };
}

/**
 * Puts spec files into groups by their folder, the longest group first.
 *
 * @param {string[]} files
 * @returns {{ name: string, files: string[] }[]}
 */
export function groupSpecs(files) {
  const folders = groupBy(files, folderOf);
  const groups = [];
  const small = { names: [], files: [] };
  const total = estimate(files).seconds;
  for (const [folder, members] of folders) {
    const { seconds } = estimate(members);
    if (seconds < total * MIN_SHARE) {
      small.names.push(folder);
      small.files.push(...members);
      continue;
    }
    const count = Math.ceil(seconds / Math.max(total * MAX_SHARE, MIN_PART_SECONDS));
    const parts = split(members, Math.max(count, 1));
    const title = (i) => (parts.length === 1 ? folder : `${folder} (${i + 1} of ${parts.length})`);
    groups.push(...parts.map((part, i) => ({ name: title(i), files: part })));
  }
  if (small.files.length > 0) groups.push({ name: small.names.join(', '), files: small.files });
  return longestFirst(groups, ({ files: members }) => estimate(members).seconds);
}

/**
 * Writes what was measured into the list.
 *
 * @param {Map<string, { tests: number, seconds: number, cpu: number }>} measured by spec file
 */
export function recordDurations(measured) {
  const all = { ...durations };
  for (const [file, { tests, seconds, cpu }] of measured) {
    all[file] = { tests, seconds: round(seconds), cpu: round(cpu) };
  }
  const present = new Set([...findSpecs(false), ...findSpecs(true)]);
  const lines = Object.keys(all)
    .filter((file) => present.has(file))
    .sort()
    .map((file) => `  ${JSON.stringify(file)}: ${spaced(all[file])}`);
  writeFileSync(LIST, `{\n${lines.join(',\n')}\n}\n`);
}

/** Whether a spec file runs only in `npm run test:long`. */
export const isLong = (file) => file.endsWith('.long.spec.ts');

const round = (number) => Math.round(number * 10) / 10;
const spaced = ({ tests, seconds, cpu }) => `{ "tests": ${tests}, "seconds": ${seconds}, "cpu": ${cpu} }`;
const knownOf = (file) => durations[file] ?? UNKNOWN;
const folderOf = (file) => file.split('/')[1];

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function longestFirst(items, seconds) {
  return [...items].sort((one, other) => seconds(other) - seconds(one));
}

/** Splits files into parts that take about equally long. No part is empty, because every file has a weight. */
function split(files, count) {
  const parts = Array.from({ length: Math.min(count, files.length) }, () => ({ seconds: 0, files: [] }));
  for (const file of longestFirst(files, (each) => knownOf(each).seconds)) {
    const shortest = parts.reduce((least, part) => (part.seconds < least.seconds ? part : least));
    shortest.files.push(file);
    shortest.seconds += Math.max(knownOf(file).seconds, MIN_FILE_SECONDS);
  }
  return parts.map((part) => part.files);
}
