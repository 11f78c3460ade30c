import type { Case } from '../case.js';
import { Failure, Skip } from '../failure.js';
import { findDefines, findForbidden, findUses, type SourceLine } from '../source-rules.js';

export const SOURCES: readonly Case[] = [
  {
    name: 'compiles',
    rank: 'subject',
    title: 'the source compiles with cc -Wall -Wextra -Werror',
    paragraph: 'purpose',
    hint: 'Compile with these flags yourself. With -Werror, each warning is an error.',
    source({ isCompiled, diagnostics }) {
      if (!isCompiled) throw new Failure({ what: 'it does not compile', output: diagnostics });
    },
  },
  {
    name: 'no-define',
    rank: 'subject',
    title: 'the source contains no #define',
    paragraph: 'define',
    hint: 'Use an enum or a variable instead.',
    source({ text }) {
      const found = findDefines(text);
      if (found.length === 0) return;
      throw new Failure({
        what: 'it contains #define',
        output: found.map(showLine),
      });
    },
  },
  {
    name: 'allowed-functions',
    rank: 'subject',
    title: 'the source calls only allowed functions',
    paragraph: 'functions',
    hint: 'The provided main.c calls some that are not allowed, such as printf: remove them. It also uses htons and htonl, which are allowed.',
    source({ text, undefinedSymbols }) {
      if (undefinedSymbols === undefined) {
        throw new Skip('there is no object file, or no program nm to read it');
      }
      const found = findForbidden(undefinedSymbols, text);
      if (found.length === 0) return;
      throw new Failure({
        what: `it calls functions that are not allowed: ${found.join(', ')}`,
        output: findUses(found, text).map(showLine),
      });
    },
  },
];

function showLine({ line, code }: SourceLine): string {
  return `line ${line}: ${code}`;
}
