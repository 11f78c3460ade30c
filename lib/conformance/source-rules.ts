/** What the subject allows, and htons and htonl, which the main.c that it gives uses. */
const ALLOWED = new Set(
  'write close select socket accept listen send recv bind strstr malloc realloc free calloc bzero atoi sprintf strlen exit strcpy strcat memset htons htonl'.split(
    ' ',
  ),
);

/** What compilers call on their own account, so that it counts only where the source itself names it. */
const COMPILERS = new Set('memcpy memmove memcmp mempcpy stpcpy strchr strnlen'.split(' '));

/** What compilers make of a call of something else, where the source does not name it. */
const MADE_OF: Readonly<Record<string, readonly string[]>> = {
  puts: ['printf'],
  putchar: ['printf'],
  fwrite: ['fprintf', 'fputs'],
  fputc: ['fprintf', 'fputs'],
};

/** Variables of the C library, and no functions. */
const VARIABLES = new Set('stdin stdout stderr environ errno'.split(' '));

export interface Define {
  readonly line: number;
  readonly code: string;
}

/** Where the source has the directive; in a comment or a text it is none. */
export function defines(source: string): Define[] {
  return bare(source)
    .split('\n')
    .flatMap((code, i) =>
      /^\s*(?:#|%:|\?\?=)\s*define\b/.test(code) ? [{ line: i + 1, code: code.trim() }] : [],
    );
}

/**
 * Functions that are called and not allowed.
 *
 * @param symbols the undefined symbols of the object file, as they are in C
 */
export function forbidden(symbols: readonly string[], source: string): string[] {
  const words = new Set(bare(source).match(/[A-Za-z_]\w*/g) ?? []);
  const found = symbols.map(plain).flatMap((symbol) => {
    if (symbol === '' || ALLOWED.has(symbol) || VARIABLES.has(symbol)) return [];
    if (words.has(symbol)) return [symbol];
    if (COMPILERS.has(symbol)) return [];
    const named = MADE_OF[symbol]?.filter((name) => words.has(name)) ?? [];
    return named.length > 0 ? named : [symbol];
  });
  return [...new Set(found)].sort();
}

/** A symbol without what compilers and C libraries put around it; nothing, if it is theirs alone. */
function plain(symbol: string): string {
  const fortified = /^__(\w+)_chk$/.exec(symbol)?.[1];
  if (fortified !== undefined && !['fdelt', 'longjmp'].includes(fortified)) return fortified;
  const versioned = /^__isoc\d+_(\w+)$/.exec(symbol)?.[1];
  if (versioned !== undefined) return versioned;
  // __stack_chk_fail, __errno_location, __fdelt_chk, _GLOBAL_OFFSET_TABLE_, …
  return /^__|^_GLOBAL_OFFSET_TABLE_$/.test(symbol) ? '' : symbol;
}

/** The source with its lines where they are, without comments and without what is in quotes. */
function bare(source: string): string {
  const lines = (text: string): string => text.replace(/[^\n]/g, '');
  return source
    .replace(/((?:[^\n]*\\\r?\n)+)([^\n]*)/g, (all, _continued, last: string) => {
      const joined = all.replace(/\\\r?\n/g, '');
      return joined + lines(all.slice(0, all.length - last.length));
    })
    .replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, (all) => {
      if (all.startsWith('"')) return '""';
      return all.startsWith("'") ? "''" : ` ${lines(all)}`;
    });
}
