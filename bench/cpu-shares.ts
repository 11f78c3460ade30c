// Divides the samples of a CPU profile of the command among the parts of the relay.
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A file of `--cpu-prof`. */
export interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  /** µs before each sample. */
  readonly timeDeltas: readonly number[];
}

export const REST = 'the rest of Node, and reading';
const GARBAGE = 'garbage collection';

/** The first category that matches the source file of a function or, for a native one, its name. */
const CATEGORIES: readonly (readonly [name: string, file: RegExp, native: RegExp])[] = [
  ['writes to sockets', /^$/, /^(writev|write(Buffer|Latin1String|Utf8String|AsciiString))$/],
  ['splitting and tagging (`lib/protocol`)', /^wasm:|\/lib\/protocol\//, /^$/],
  ['bytes to latin1 strings and back', /^node:(string_decoder|buffer)$/, /^latin1(Slice|Write|WriteStatic)$/],
  ['log, readers, transforms, other code of ours', /\/dist\/(lib|bin|command)\/|\/(lib|bin)\/.*\.ts$/, /^$/],
  ["Node's streams and `net`", /^node:(net|events|.*stream)/, /^$/],
  ['through2', /\/node_modules\/through2\//, /^$/],
  ['split2', /\/node_modules\/split2\//, /^$/],
  [GARBAGE, /^$/, /^\(garbage collector\)$/],
];

export const CATEGORY_NAMES: readonly string[] = [...CATEGORIES.map(([name]) => name), REST];

/** Returns the file that a function was written in, before it was bundled. */
export type Locate = (url: string, line: number, column: number) => string;

/** Shares of the busy time by category, without the first `skipUs`. They add up to 1, unless the thread was only idle. */
export function cpuShares(
  { nodes, samples, timeDeltas }: Profile,
  skipUs: number,
  locate: Locate,
): Map<string, number> {
  const categories = new Map(nodes.map(({ id, callFrame }) => [id, categoryOf(callFrame, locate)]));
  const times = new Map<string, number>(CATEGORY_NAMES.map((name) => [name, 0]));
  let elapsed = 0;
  let busy = 0;
  for (const [i, id] of samples.entries()) {
    const delta = timeDeltas[i] as number;
    elapsed += delta;
    const category = categories.get(id);
    if (elapsed < skipUs || category === undefined) continue;
    times.set(category, (times.get(category) as number) + delta);
    busy += delta;
  }
  return new Map([...times].map(([name, time]) => [name, busy === 0 ? 0 : time / busy]));
}

function categoryOf(frame: Profile['nodes'][number]['callFrame'], locate: Locate): string | undefined {
  const { functionName, url, lineNumber, columnNumber } = frame;
  if (functionName === '(idle)') return undefined;
  const file = url === '' ? '' : locate(url, lineNumber, columnNumber);
  const found = CATEGORIES.find(([, files, native]) =>
    file === '' ? native.test(functionName) : files.test(file),
  );
  return found?.[0] ?? REST;
}

/** Follows the source maps of the bundle. A file without a map is its own source. */
export function sourceLocator(): Locate {
  const maps = new Map<string, SourceMap | undefined>();
  return (url, line, column) => {
    if (!url.startsWith('file:')) return url;
    if (!maps.has(url)) {
      const path = `${fileURLToPath(url)}.map`;
      maps.set(url, existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, 'utf8'))) : undefined);
    }
    const entry = maps.get(url)?.findEntry(line, column);
    const source = entry !== undefined && 'originalSource' in entry ? entry.originalSource : undefined;
    return source === undefined ? url : new URL(source, url).href;
  };
}
