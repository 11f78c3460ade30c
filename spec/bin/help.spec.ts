import { expect } from 'chai';
import { helpText } from '../../bin/help.js';
import { COMMANDS, type CommandName } from '../../bin/options/commands.js';
import { runCommand, shell } from '../support/command.js';

const NAMES: readonly (CommandName | undefined)[] = [undefined, ...(Object.keys(COMMANDS) as CommandName[])];

const longest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

describe('help text', () => {
  for (const name of NAMES) {
    it(`of ${name ?? 'all commands'} fits 80 columns, and as many as the terminal has up to 100`, () => {
      expect(longest(helpText(name))).to.be.at.most(80);
      expect(longest(helpText(name, 100))).to.be.at.most(100);
      expect(helpText(name, 1000)).to.equal(helpText(name, 100));
      // Without a terminal the width is unknown.
      expect(helpText(name, Number.NaN)).to.equal(helpText(name));
    });

    it(`of ${name ?? 'all commands'} starts with the usage and ends with examples`, () => {
      expect(helpText(name)).to.match(/^Usage: mini-serv /);
      expect(helpText(name)).to.match(/\n\nExamples:\n( {2}\S.*\n)+$/);
      expect(helpText(name)).to.not.match(/[^\x20-\x7e\n]|undefined/);
    });
  }

  it('breaks lines earlier on a narrow terminal', () => {
    const lines = helpText('verify', 60).split('\n');
    const examples = lines.indexOf('Examples:');
    expect(longest(lines.slice(0, examples).join('\n'))).to.be.at.most(60);
  });

  it('of all commands lists each command with its summary', () => {
    const text = helpText().replace(/\s+/g, ' ');
    for (const { name, summary } of Object.values(COMMANDS))
      expect(text).to.match(new RegExp(` ${name} .*${summary}`));
  });

  it('of one command is about this command only', () => {
    expect(helpText('verify')).to.not.match(/--audit|--since|replay|conformance/);
    expect(helpText('replay')).to.not.match(/--audit|--rank|verify|conformance/);
    expect(helpText('conformance')).to.not.match(/--audit|--since|verify|replay|NATS/);
    expect(helpText('run')).to.not.match(/--rank|--since|mini-serv (verify|replay)/);
  });

  it('is printed on standard output by -h, --help and help', async () => {
    const columns = Number(process.env.COLUMNS);
    for (const [args, command] of [
      [['-h'], undefined],
      [['--help'], undefined],
      [['help'], undefined],
      [['verify', '-h'], 'verify'],
      [['help', 'replay'], 'replay'],
    ] as const) {
      const stdout = helpText(command, columns);
      expect(await runCommand([...args])).to.deep.equal({ code: 0, signal: null, stdout, stderr: '' });
    }
  });

  it('has the width in COLUMNS if standard output is a pipe', async () => {
    const { stdout } = await runCommand([], shell('COLUMNS=100 "$@" --help'));
    expect(stdout).to.equal(helpText(undefined, 100));
  });
});
