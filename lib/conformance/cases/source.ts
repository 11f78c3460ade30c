import type { Case } from '../case.js';
import { Failure, Skip } from '../failure.js';
import type { Compilation } from '../source.js';
import { findDefines, findForbidden, findUses, type SourceLine } from '../source-rules.js';

/** Returns messages of compilers, after the command that prints them. */
function linesOf(
  compilations: readonly Compilation[],
  path: string,
  messages: 'messages' | 'warnings' = 'messages',
): string[] {
  const flags = messages === 'warnings' ? ' -Wall -Wextra' : '';
  return compilations
    .filter((one) => one[messages].length > 0)
    .flatMap((one) => [`$ ${one.compiler}${flags} ${path}`, ...one[messages]]);
}

/** Returns the check of the functions that a source calls, where the text of a school allows these in addition. */
export function allowedFunctions(alsoAllowed: readonly string[]): NonNullable<Case['source']> {
  return ({ text, undefinedSymbols }) => {
    if (undefinedSymbols === undefined) {
      throw new Skip('there is no object file, or no program nm to read it');
    }
    const found = findForbidden(undefinedSymbols, text, alsoAllowed);
    if (found.length === 0) return;
    throw new Failure({
      what: `it calls functions that are not allowed: ${found.join(', ')}`,
      output: findUses(found, text).map(showLine),
    });
  };
}

export const SOURCES: readonly Case[] = [
  {
    name: 'compiles',
    rank: 'subject',
    title: 'the source compiles with gcc or with clang, without any flags',
    paragraph: 'purpose',
    hint: 'Compile it yourself, as in gcc mini_serv.c. The first error is the one to correct: others may follow from it.',
    source({ isCompiled, compilations, path }) {
      if (isCompiled) return;
      throw new Failure({ what: 'it does not compile', output: linesOf(compilations, path) });
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
    source: allowedFunctions([]),
  },
  {
    name: 'both-compilers',
    rank: 'exam',
    title: 'the source compiles with gcc and with clang',
    paragraph: 'purpose',
    hint: 'It is not known which of the two a grader uses. Correct the errors of the other one as well.',
    source({ isCompiled, compilations, path }) {
      if (!isCompiled) throw new Skip('the source does not compile');
      const [first, second] = compilations;
      if (second === undefined) throw new Skip(`only ${first?.compiler} is installed`);
      const failed = compilations.find(({ isOk }) => !isOk);
      if (failed === undefined) return;
      const other = compilations.find(({ isOk }) => isOk);
      throw new Failure({
        what: `it compiles with ${other?.compiler}, whose program is tested, but not with ${failed.compiler}`,
        output: linesOf([failed], path),
      });
    },
  },
  {
    name: 'warnings',
    rank: 'practice',
    title: 'the source compiles without warnings with -Wall -Wextra',
    paragraph: 'purpose',
    hint: 'Many compile with -Wall -Wextra -Werror, which makes an error of each warning. Each version of a compiler has warnings of its own.',
    source({ isCompiled, compilations, path }) {
      if (!isCompiled) throw new Skip('the source does not compile');
      const accepted = compilations.filter(({ isOk }) => isOk);
      const output = linesOf(accepted, path, 'warnings');
      if (output.length > 0) throw new Failure({ what: 'the compiler has warnings', output });
    },
  },
];

function showLine({ line, code }: SourceLine): string {
  return `line ${line}: ${code}`;
}
