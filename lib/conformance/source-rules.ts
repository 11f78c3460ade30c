/** The functions that the subject allows, and htons and htonl, which the main.c that it provides uses. */
const ALLOWED = new Set(
  'write close select socket accept listen send recv bind strstr malloc realloc free calloc bzero atoi sprintf strlen exit strcpy strcat memset htons htonl'.split(
    ' ',
  ),
);

/** Functions that compilers call by themselves. They count only if the source names them. */
const ADDED_BY_COMPILERS = new Set('memcpy memmove memcmp mempcpy stpcpy strchr strnlen'.split(' '));

/** The functions whose calls compilers replace by these. */
const REPLACEMENT_OF: Readonly<Record<string, readonly string[]>> = {
  puts: ['printf'],
  putchar: ['printf'],
  fwrite: ['fprintf', 'fputs'],
  fputc: ['fprintf', 'fputs'],
};

/** Variables of the C library. */
const VARIABLES = new Set('stdin stdout stderr environ errno'.split(' '));

/** A line of a source file that breaks a rule. */
export interface SourceLine {
  readonly line: number;
  readonly code: string;
}

/** Finds the #define directives of a source file, except in comments and strings. */
export function findDefines(source: string): SourceLine[] {
  return withoutCommentsAndStrings(source)
    .split('\n')
    .flatMap((code, i) =>
      /^\s*(?:#|%:|\?\?=)\s*define\b/.test(code) ? [{ line: i + 1, code: code.trim() }] : [],
    );
}

/**
 * Finds the functions that a source file calls and the subject does not allow.
 *
 * @param symbols the undefined symbols of the object file, as they are called in C
 * @param alsoAllowed functions that the text of a school allows in addition
 */
export function findForbidden(
  symbols: readonly string[],
  source: string,
  alsoAllowed: readonly string[] = [],
): string[] {
  const words = new Set(withoutCommentsAndStrings(source).match(/[A-Za-z_]\w*/g) ?? []);
  const found = symbols.map(nameInSource).flatMap((symbol) => {
    if (symbol === '' || ALLOWED.has(symbol) || VARIABLES.has(symbol)) return [];
    if (alsoAllowed.includes(symbol)) return [];
    if (words.has(symbol)) return [symbol];
    if (ADDED_BY_COMPILERS.has(symbol)) return [];
    const replaced = REPLACEMENT_OF[symbol]?.filter((name) => words.has(name)) ?? [];
    return replaced.length > 0 ? replaced : [symbol];
  });
  return [...new Set(found)].sort();
}

/** Finds the first line that uses each of these names. A name that only the compiler or a header uses has none. */
export function findUses(names: readonly string[], source: string): SourceLine[] {
  const lines = withoutCommentsAndStrings(source).split('\n');
  const original = source.split('\n');
  return names.flatMap((name) => {
    const at = lines.findIndex(
      (code) => !/^\s*#\s*include\b/.test(code) && code.match(/[A-Za-z_]\w*/g)?.includes(name),
    );
    return at === -1 ? [] : [{ line: at + 1, code: (original[at] as string).trim() }];
  });
}

/** Removes what compilers and C libraries add to a name. Returns '' for a symbol that only they use. */
function nameInSource(symbol: string): string {
  const fortified = /^__(\w+)_chk$/.exec(symbol)?.[1];
  if (fortified !== undefined && !['fdelt', 'longjmp'].includes(fortified)) return fortified;
  const versioned = /^__isoc\d+_(\w+)$/.exec(symbol)?.[1];
  if (versioned !== undefined) return versioned;
  // Such as __stack_chk_fail, __errno_location, __fdelt_chk and _GLOBAL_OFFSET_TABLE_.
  return /^__|^_GLOBAL_OFFSET_TABLE_$/.test(symbol) ? '' : symbol;
}

/** Removes comments and the contents of strings. Line numbers stay the same. */
function withoutCommentsAndStrings(source: string): string {
  const newlinesOf = (text: string): string => text.replace(/[^\n]/g, '');
  return source
    .replace(/((?:[^\n]*\\\r?\n)+)([^\n]*)/g, (all, _continued, last: string) => {
      const joined = all.replace(/\\\r?\n/g, '');
      return joined + newlinesOf(all.slice(0, all.length - last.length));
    })
    .replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, (all) => {
      if (all.startsWith('"')) return '""';
      return all.startsWith("'") ? "''" : ` ${newlinesOf(all)}`;
    });
}
