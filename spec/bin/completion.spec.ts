import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { completionScript } from '../../bin/completion/script.js';
import { OPTIONS } from '../../bin/options/table.js';
import { runCommand } from '../support/command.js';
import { complete } from '../support/completion.js';
import { folder } from '../support/modules.js';
import { describeWith } from '../support/tools.js';

const COMMANDS = ['run', 'join', 'try', 'verify', 'replay', 'conformance', 'completion', 'help', 'version'];
const FORMATS = ['wire', 'text', 'json'];
const FILES = ['a.json', 'b.log', 't.mjs'];

/** The candidates for each line, by what the lines show. */
const CASES: Record<string, Record<string, readonly string[]>> = {
  'completes the commands as the first word only': {
    'mini-serv ': COMMANDS,
    'mini-serv ver': ['verify', 'version'],
    'mini-serv --verbose conf': ['conformance'],
    'mini-serv --audit a.json rep': ['replay'],
    'mini-serv help ver': ['verify', 'version'],
    'mini-serv 4242 ver': [],
    'mini-serv -- ver': [],
  },
  'completes the options of the command only': {
    'mini-serv --sp': ['--spill-dir', '--spill-limit'],
    'mini-serv 4242 --m': ['--max-line', '--memory'],
    'mini-serv verify --': ['--verbose', '--help', '--version'],
    'mini-serv verify --au': [],
    'mini-serv --verbose verify --he': ['--help'],
    'mini-serv replay --s': ['--since'],
    'mini-serv run --mem': ['--memory'],
    'mini-serv replay nats://host:4222/room --u': ['--until'],
    'mini-serv conformance --r': ['--random', '--rank', '--reporter'],
    'mini-serv version --v': ['--version'],
  },
  'does not complete an option again, unless it may be repeated': {
    'mini-serv --format json --form': [],
    'mini-serv --format=json --form': [],
    'mini-serv -h --he': [],
    'mini-serv -t log --tr': ['--transform'],
    'mini-serv -tlog --transform=log --tr': ['--transform'],
    'mini-serv conformance --only a --on': ['--only'],
  },
  'completes no option after --, and none of a command that is tested': {
    'mini-serv -- --': [],
    'mini-serv verify -- --': [],
    'mini-serv conformance ./mini_serv --': [],
  },
  'completes choices in the next word and after =': {
    'mini-serv --format ': FORMATS,
    'mini-serv --format=': FORMATS,
    'mini-serv replay --format ': FORMATS,
    'mini-serv 4242 --format=': FORMATS,
    'mini-serv --on-transform-error=b': ['bypass'],
    'mini-serv conformance --rank e': ['exam'],
    'mini-serv completion ': ['bash', 'zsh', 'fish'],
  },
  'completes files and directories, and nothing for numbers': {
    'mini-serv verify ': [...FILES, 'dir'],
    'mini-serv verify -- ': [...FILES, 'dir'],
    'mini-serv --audit b': ['b.log'],
    'mini-serv --audit=b': ['b.log'],
    'mini-serv --spill-dir ': ['dir'],
    'mini-serv conformance ./t.mjs b': ['b.log'],
    'mini-serv -t ./t': ['./t.mjs'],
    'mini-serv --max-line ': [],
    'mini-serv --room ': [],
  },
  'completes built-in transforms': {
    'mini-serv -t fi': ['filter'],
    'mini-serv -t no': ['no-http'],
    'mini-serv --transform ti': ['timestamp'],
    'mini-serv --transform=ti': ['timestamp'],
  },
  'completes the names of cases in a list with commas': {
    'mini-serv conformance --only cro': ['crowd'],
    'mini-serv conformance --only nul,cro': ['nul,crowd'],
  },
};

const SPECS = {
  'mini-serv -t rate=': ['lines', 'burst', 'excess'],
  'mini-serv --transform=rate=': ['lines', 'burst', 'excess'],
  'mini-serv -t rate=lines:5,b': ['5,burst'],
};

const SHELLS = ['bash', 'zsh', 'fish'] as const;

describe('mini-serv completion', () => {
  for (const shell of SHELLS) {
    it(`prints a script for ${shell} that contains each option, and says at its start how to install it`, async () => {
      const script = completionScript(shell);
      const { code, stdout, stderr } = await runCommand(['completion', shell]);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(stdout === script, 'the printed script').to.equal(true);
      for (const { name } of OPTIONS) expect(script).to.match(new RegExp(`(--|-l )${name}\\b`));
      const head = script.split('\n').slice(0, 6).join('\n');
      expect(head).to.match(new RegExp(`^# Install it.*: +mini-serv completion ${shell} >+ ~/`, 'm'));
    });
  }
});

for (const shell of SHELLS) {
  describeWith(shell, `completion script for ${shell}`, () => {
    let results: ReadonlyMap<string, readonly string[]>;

    before(async () => {
      const cwd = await folder(Object.fromEntries(FILES.map((name) => [name, ''])));
      mkdirSync(join(cwd, 'dir'));
      const lines = [...Object.values(CASES).flatMap(Object.keys), ...Object.keys(SPECS)];
      results = await complete(shell, lines, cwd);
    });

    it('is accepted by the shell', async () => {
      const file = join(await folder({}), 'script');
      writeFileSync(file, completionScript(shell));
      const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    });

    for (const [title, lines] of Object.entries(CASES)) {
      it(title, () => {
        for (const [line, expected] of Object.entries(lines)) {
          // Shells sort candidates, and show the end of a directory or of an option of a transform in their own ways.
          const names = results.get(line)?.map((text) => text.replace(/^--[\w-]+=/, '').replace(/[=/]$/, ''));
          expect([...new Set(names)].sort(), line).to.deep.equal([...expected].sort());
        }
      });
    }

    it('completes the options of a built-in transform', () => {
      for (const [line, expected] of Object.entries(SPECS)) {
        // Bash completes only the part behind the last = or :.
        const specs = results.get(line)?.map((text) => text.replace(/:$/, '').replace(/^.*[=:]/, ''));
        expect(specs?.sort(), line).to.deep.equal([...expected].sort());
      }
    });
  });
}
