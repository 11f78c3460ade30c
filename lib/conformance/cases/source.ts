import type { Case } from '../case.js';
import { Failure, LeftOut } from '../failure.js';
import { defines, forbidden } from '../source-rules.js';

export const SOURCES: readonly Case[] = [
  {
    name: 'compiles',
    rank: 'subject',
    title: 'the source compiles with cc -Wall -Wextra -Werror',
    paragraph: 'purpose',
    hint: 'Compile with these flags yourself: a warning is an error.',
    source({ compiled, diagnostics }) {
      if (!compiled) throw new Failure({ what: 'it does not compile', output: diagnostics });
    },
  },
  {
    name: 'no-define',
    rank: 'subject',
    title: 'the source has no #define',
    paragraph: 'define',
    hint: 'Use an enum or a variable in its place.',
    source({ text }) {
      const found = defines(text);
      if (found.length === 0) return;
      throw new Failure({
        what: 'there is a #define',
        output: found.map(({ line, code }) => `line ${line}: ${code}`),
      });
    },
  },
  {
    name: 'allowed-functions',
    rank: 'subject',
    title: 'the source calls the allowed functions only',
    paragraph: 'functions',
    hint: 'The given main.c uses some that are not allowed (printf): take them out. htons and htonl are given, and allowed.',
    source({ text, undefinedSymbols }) {
      if (undefinedSymbols === undefined)
        throw new LeftOut('there is no object file, or no nm that could look into it');
      const found = forbidden(undefinedSymbols, text);
      if (found.length === 0) return;
      throw new Failure({ what: `it calls what is not allowed: ${found.join(', ')}` });
    },
  },
];
