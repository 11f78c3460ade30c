import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseCommand } from '../../../bin/arguments.js';
import { helpText } from '../../../bin/help.js';
import { COMMANDS, type CommandName, shownName } from '../../../bin/options/commands.js';
import type { Option } from '../../../bin/options/option.js';
import { OPTIONS, optionsOf } from '../../../bin/options/table.js';
import { TRANSFORMS } from '../../../bin/options/transforms.js';
import type { ValueType } from '../../../bin/options/value-type.js';
import { checkOptions } from '../../../lib/relay/options.js';
import { BUILT_INS } from '../../../lib/transforms/loader/built-ins.js';
import { complete } from '../../support/completion.js';
import { folder } from '../../support/modules.js';
import { describeWith, itWith } from '../../support/tools.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const ALL: readonly Option[] = OPTIONS;
const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];

/** A valid value for each type. */
const SAMPLES: Record<ValueType, string> = {
  ...{ text: 'text', file: 'file', directory: '/tmp', url: 'nats://host/room', port: '4242', size: '64M' },
  ...{
    duration: '5s',
    time: '1h',
    retention: '1h',
    count: '3',
    transform: 'log',
    case: 'nul',
    program: './x',
  },
  choice: '',
};

/** The arguments of a command with its operands and these options. */
function argumentsFor(command: CommandName, options: readonly string[]): string[] {
  const { operands } = COMMANDS[command];
  const words = operands.map(({ type, choices = [] }) => choices[0] ?? SAMPLES[type]);
  const transform = command === 'try' ? ['-t', 'log'] : [];
  return [...(command === 'run' ? [] : [command]), ...transform, ...options, ...words];
}

/** An option of a command with a value, and with the option that it requires. */
function wordsFor({ name, type, choices = [], requires }: Option, command: CommandName): string[] {
  const required = optionsOf(command).find((option) => option.name === requires);
  return [
    ...(required === undefined ? [] : wordsFor(required, command)),
    type === undefined ? `--${name}` : `--${name}=${choices[0] ?? SAMPLES[type]}`,
  ];
}

const names = (options: readonly Option[]): string[] => options.map(({ name }) => `--${name}`).sort();
const unique = (words: readonly string[]): string[] => [...new Set(words)].sort();

describe('the table of options', () => {
  for (const command of COMMAND_NAMES) {
    const options = optionsOf(command);

    it(`has the options that mini-serv ${command} accepts`, () => {
      for (const option of options) {
        const words = wordsFor(option, command);
        const expected = option.name === 'help' || option.name === 'version' ? option.name : command;
        expect(parseCommand(argumentsFor(command, words)).kind, words.join(' ')).to.equal(expected);
        if (option.type === undefined) continue;
        const { kind, message = '' } = parseCommand([command, `--${option.name}`]) as Record<string, string>;
        expect({ kind, message }).to.deep.equal({
          kind: 'usage',
          message: `--${option.name}: expected a value, got none`,
        });
      }
    });

    it(`has the options that the help of mini-serv ${command} describes`, () => {
      const forms = [...helpText(command).matchAll(/^ {2}(?:-(\w), )?--([a-z-]+)(?: <([a-z]+)>)?/gm)];
      const described = forms.map(([, short, name, value]) => ({ short, name, value }));
      const expected = options.map(({ short, name, value }) => ({ short, name, value }));
      expect(described).to.have.deep.members(expected);
      for (const { choices = [], text } of options) {
        for (const choice of choices) expect(text).to.include(`\`${choice}\``);
      }
    });
  }

  it('has the options that the README and the pages in docs list', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/options.mjs'), '--check']);
    expect({ status, stderr: String(stderr) }).to.deep.equal({ status: 0, stderr: '' });
    for (const [page, options] of [
      ['README.md', optionsOf('run')],
      ['docs/options.md', ALL],
      ['docs/conformance.md', optionsOf('conformance')],
    ] as const) {
      const text = readFileSync(join(ROOT, page), 'utf8');
      const table = /<!-- options: [a-z ]+ -->\n([\s\S]*?)<!-- end of options -->/.exec(text)?.[1] ?? '';
      const first = [...table.matchAll(/^\| (`.*?`) \|/gm)].map(([, cell = '']) => cell).join(' ');
      expect(unique(first.match(/--[a-z-]+/g) ?? []), page).to.deep.equal(unique(names(options)));
    }
  });

  it('has the options, commands and variables that the man page describes', () => {
    const page = readFileSync(join(ROOT, 'man/mini-serv.1'), 'utf8').replaceAll('\\-', '-');
    for (const command of COMMAND_NAMES) {
      const section = page.split(`.SS "Options of ${shownName(command)}"`)[1]?.split(/^\.S[SH] /m)[0] ?? '';
      const common = page.split('.SS "Common options"')[1]?.split(/^\.S[SH] /m)[0] ?? '';
      const own = optionsOf(command).filter(({ group }) => group !== 'Common options');
      const namesIn = (text: string) =>
        [...text.matchAll(/^\.TP\n.*?\\fB(--[a-z-]+)/gm)].map(([, name = '']) => name);
      expect(namesIn(section).sort(), command).to.deep.equal(names(own));
      expect(namesIn(common)).to.include.members(
        names(optionsOf(command)).filter((name) => !names(own).includes(name)),
      );
      expect(page).to.include(`\\fBmini-serv ${command}\\fP`);
    }
    const variables = page.split('.SH "ENVIRONMENT"')[1]?.split(/^\.SH /m)[0] ?? '';
    const terms = [...variables.matchAll(/^\.TP\n\\fB(.*)\\fP/gm)].map(([, term = '']) => term);
    expect(terms).to.deep.equal([...new Set(terms)]);
    expect(terms).to.include.members(ALL.flatMap(({ env = [] }) => env));
    expect(terms).to.include.members(['LISTEN_PID, LISTEN_FDS', 'NOTIFY_SOCKET', 'NO_COLOR, FORCE_COLOR']);
  });

  itWith('man', 'has a man page without warnings and without a date, with the version of the package', () => {
    const path = join(ROOT, 'man/mini-serv.1');
    const args = ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', path];
    const { status, stderr } = spawnSync('man', args, { encoding: 'utf8' });
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    const { version, man } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    // npm links the page only if this is an array.
    expect(man).to.deep.equal(['man/mini-serv.1']);
    expect(readFileSync(path, 'utf8')).to.include(`.TH MINI\\-SERV 1 "" "mini\\-serv ${version}"`);
  });

  it('names the commands of an option that is given to another command', () => {
    for (const { name, commands } of ALL) {
      const owners = ALL.filter((option) => option.name === name).flatMap((option) => option.commands);
      for (const command of COMMAND_NAMES.filter((one) => !owners.includes(one))) {
        const option = ALL.find((one) => one.name === name && one.commands === commands) as Option;
        const words = wordsFor({ ...option, requires: '' }, command);
        const { kind, message = '' } = parseCommand(argumentsFor(command, words)) as Record<string, string>;
        expect(kind, words.join(' ')).to.equal('usage');
        expect(message).to.match(new RegExp(`^--${name}: is an option of .*, not of ${shownName(command)}$`));
        for (const owner of owners) expect(message).to.include(shownName(owner));
      }
    }
  });

  it('has one form for each name, each short name once, and limits for each size and duration', () => {
    for (const [i, { name, type, short, commands, requires, min, max, example }] of ALL.entries()) {
      if (type === 'size' || type === 'duration') expect([min, max, example], name).to.not.include(undefined);
      if (requires !== undefined) expect(ALL.map((option) => option.name)).to.include(requires);
      for (const other of ALL.slice(i + 1)) {
        if (short !== undefined) expect(other.short).to.not.equal(short);
        if (other.name !== name) continue;
        expect(other.type === undefined, name).to.equal(type === undefined);
        expect(other.commands.filter((command) => commands.includes(command))).to.deep.equal([]);
      }
    }
  });

  it('has the defaults of the library', () => {
    const { relay, ...others } = parseCommand(['4242']) as unknown as { relay: Record<string, unknown> };
    expect(checkOptions({})).to.deep.include(relay);
    expect(others).to.deep.include({ format: 'wire', verbose: false });
  });

  it('has an error for each value that is empty', () => {
    for (const option of ALL.filter(({ type }) => type !== undefined && type !== 'case')) {
      const command = option.commands[0] as CommandName;
      const words = wordsFor(option, command).slice(0, -1);
      const parsed = parseCommand(argumentsFor(command, [...words, `--${option.name}=`])) as {
        message?: string;
      };
      expect(parsed.message, option.name).to.match(/expected/);
    }
  });
});

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  describeWith(shell, 'the table of options', () => {
    it(`has the options that are completed in ${shell}`, async () => {
      const lines = COMMAND_NAMES.map((command) =>
        command === 'run' ? 'mini-serv --' : `mini-serv ${command} --`,
      );
      const results = await complete(shell, lines, await folder({}));
      for (const [i, command] of COMMAND_NAMES.entries()) {
        const candidates = results.get(lines[i] as string)?.map((text) => text.replace(/=$/, '')) ?? [];
        expect(unique(candidates), lines[i]).to.deep.equal(names(optionsOf(command)));
      }
    });
  });
}

describe('the table of commands', () => {
  for (const command of COMMAND_NAMES) {
    it(`has examples of mini-serv ${command} that are accepted`, () => {
      const { examples } = COMMANDS[command];
      expect(examples).to.not.be.empty;
      for (const example of examples) {
        const words =
          /(?:^|[|(] ?)mini-serv ([^|)<]*)/
            .exec(example)?.[1]
            ?.trim()
            .match(/'[^']*'|\S+/g) ?? [];
        const kind = command === 'run' ? 'run' : command;
        expect(parseCommand(words.map((word) => word.replaceAll("'", ''))).kind, example).to.equal(kind);
      }
    });
  }
});

describe('the table of built-in transforms', () => {
  it('has the transforms of the loader', () => {
    expect(Object.keys(TRANSFORMS)).to.have.members([...BUILT_INS.keys()]);
  });

  it('has options that the transforms know', () => {
    for (const [name, options] of Object.entries(TRANSFORMS)) {
      if (typeof options === 'string') continue;
      const transform = BUILT_INS.get(name) as (options: object) => unknown;
      const expected =
        options.length === 0 ? 'this transform has no options' : `expected ${options.join(', ')}`;
      expect(() => transform({ nope: '' }), name).to.throw(expected);
    }
  });
});
