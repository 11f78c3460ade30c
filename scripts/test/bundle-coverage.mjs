// Specs run the bundled command, so its coverage is traced back to the modules that it was bundled from. The offsets
// are exact, because the bundler copies functions as they are.
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const files = new Map();

/**
 * Splits the coverage of a bundled file into that of its modules, in V8's format.
 *
 * @param {{ url: string, functions: any[] }} script the coverage of a bundled file; its source map is in the same folder
 */
export function traceToModules({ url, functions }) {
  const bundle = openFile(fileURLToPath(url), openBundle);
  // Where a bundle is loaded, each of its modules is.
  const modules = new Map(bundle.modules.map((file) => [file, [wholeModule(file)]]));
  for (const { functionName, isBlockCoverage, ranges } of functions) {
    // The bundler's own functions, and the one that is the whole bundle, belong to no module.
    if (!bundle.isCopied(ranges[0])) continue;
    const traced = ranges.map((range) => bundle.trace(range)).filter((each) => each !== undefined);
    const copy = { functionName, isBlockCoverage, ranges: traced.map(({ range }) => range) };
    modules.get(traced[0].file).push(copy);
  }
  return [...modules].map(([file, found]) => ({
    scriptId: '0',
    url: pathToFileURL(file).href,
    functions: found,
  }));
}

function wholeModule(file) {
  const endOffset = openFile(file, openSource).text.length;
  return { functionName: '', isBlockCoverage: true, ranges: [{ startOffset: 0, endOffset, count: 1 }] };
}

function openFile(path, open) {
  if (!files.has(path)) files.set(path, open(path));
  return files.get(path);
}

function openSource(path) {
  const text = readFileSync(path, 'utf8');
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return { text, lineStarts };
}

function openBundle(path) {
  const { text, lineStarts } = openSource(path);
  const map = new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')));
  const locate = (offset) => {
    const line = lastAtMost(lineStarts, offset);
    const column = offset - lineStarts[line];
    const entry = map.findEntry(line, column);
    if (entry.originalSource === undefined || entry.generatedLine !== line) return undefined;
    const file = resolve(dirname(path), entry.originalSource);
    const start = openFile(file, openSource).lineStarts[entry.originalLine];
    return { file, offset: start + entry.originalColumn + column - entry.generatedColumn };
  };
  const trace = ({ startOffset, endOffset, count }) => {
    const [start, last] = [locate(startOffset), locate(endOffset - 1)];
    if (start === undefined || start.file !== last?.file) return undefined;
    return { file: start.file, range: { startOffset: start.offset, endOffset: last.offset + 1, count } };
  };
  return {
    modules: map.payload.sources.map((source) => resolve(dirname(path), source)),
    /** The same range in a module. */
    trace,
    /** Whether a function begins and ends as it does in a module. */
    isCopied(range) {
      const traced = trace(range);
      if (traced === undefined) return false;
      const source = openFile(traced.file, openSource).text;
      const start = text.slice(range.startOffset, range.startOffset + 4);
      return (
        source.startsWith(start, traced.range.startOffset) &&
        source[traced.range.endOffset - 1] === text[range.endOffset - 1]
      );
    },
  };
}

/** The index of the last number that is not above this one, in a sorted list. */
function lastAtMost(numbers, limit) {
  let [low, high] = [0, numbers.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (numbers[middle] <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
