import { expect } from 'chai';
import { type Command, HELP, parseCommand } from '../../bin/arguments.js';
import { checkOptions } from '../../lib/relay/options.js';
import { random } from '../support/random.js';

const run = (args: string[]): Command & { kind: 'run' } => {
  const command = parseCommand(args);
  if (command.kind !== 'run') throw new Error(`${JSON.stringify(args)} gave ${JSON.stringify(command)}`);
  return command;
};

describe('arguments', () => {
  for (const [text, port] of [
    ['0', 0],
    ['4242', 4242],
    ['65535', 65535],
    ['080', 80],
  ] as const) {
    it(`takes '${text}' for the port ${port}`, () => {
      expect(parseCommand([text])).to.deep.equal({ kind: 'run', port, verbose: false, relay: {} });
    });
  }

  const ports = ['', ' ', '4 2', ...'abc 70000 65536 42x x42 4.5 0x50 99999999999 1e3 ٤'.split(' ')];
  for (const text of ports) {
    it(`finds that ${JSON.stringify(text)} is no port, and says which it was`, () => {
      const command = parseCommand([text]);
      expect(command).to.include({ kind: 'fatal', verbose: false });
      expect((command as { message: string }).message).to.include(`'${text}'`);
      expect(parseCommand(['--verbose', text])).to.include({ kind: 'fatal', verbose: true });
      expect(parseCommand([text, '--verbose'])).to.include({ kind: 'fatal', verbose: true });
    });
  }

  it('finds that a negative number is no port, rather than an unknown option', () => {
    for (const args of [
      ['-1'],
      ['--', '-1'],
      ['--verbose', '-1'],
      ['-1', '--verbose'],
      ['--max-line', '1K', '-42'],
    ]) {
      expect(parseCommand(args), JSON.stringify(args)).to.include({ kind: 'fatal' });
    }
    expect(parseCommand(['--verbose', '--', '-1'])).to.include({ kind: 'fatal', verbose: true });
    expect((parseCommand(['-1']) as { message: string }).message).to.include("'-1'");
  });

  it('takes a port after --', () => {
    expect(run(['--', '4242']).port).to.equal(4242);
    expect(run(['--verbose', '--', '4242'])).to.include({ port: 4242, verbose: true });
  });

  it('wants one argument, and no more', () => {
    const wrong = { kind: 'usage', message: 'Wrong number of arguments' };
    for (const args of [[], ['--verbose'], ['--'], ['1', '2'], ['1', '2', '3'], ['abc', 'def'], ['', '']]) {
      expect(parseCommand(args), JSON.stringify(args)).to.deep.equal(wrong);
    }
  });

  it('names an option that it does not know', () => {
    for (const option of ['--nope', '--no-verbose', '-x', '--port', '--__proto__', '--max-lines=3']) {
      const command = parseCommand([option, '4242']);
      expect(command.kind, option).to.equal('usage');
      expect((command as { message: string }).message).to.include(option.split('=')[0]);
    }
  });

  it('says which option wants a value, or another one', () => {
    for (const option of ['--max-line', '--memory', '--spill-limit']) {
      for (const args of [
        [option],
        [option, 'lots', '4242'],
        [`${option}=`, '4242'],
        [option, '-1', '4242'],
      ]) {
        const command = parseCommand(args);
        expect(command.kind, JSON.stringify(args)).to.equal('usage');
        expect((command as { message: string }).message).to.include(option);
      }
    }
    expect(parseCommand(['4242', '--spill-dir']).kind).to.equal('usage');
    expect(parseCommand(['4242', '--verbose=yes']).kind).to.equal('usage');
  });

  it('gives each option to the relay, before the port and after it', () => {
    const options = ['--max-line', '1K', '--memory=2M', '--spill-dir', '/somewhere', '--spill-limit', '3G'];
    const relay = {
      maxLineBytes: 1024,
      memoryBytes: 2 ** 21,
      spillDir: '/somewhere',
      spillLimitBytes: 3 * 2 ** 30,
    };
    expect(run([...options, '4242']).relay).to.deep.equal(relay);
    expect(run(['4242', ...options]).relay).to.deep.equal(relay);
    expect(() => checkOptions(relay)).to.not.throw();
  });

  it('takes transforms apart, in the order given, and a policy for those that fail', () => {
    const args = [
      '-t',
      './a=b.mjs',
      '4242',
      '--transform=filter=drop:x',
      '-tlog',
      '--on-transform-error=bypass',
    ];
    const command = run(args);
    expect(command.transforms?.map(({ name }) => name)).to.deep.equal(['./a=b.mjs', 'filter', 'log']);
    expect(command.transforms?.[1]?.options).to.deep.equal({ drop: 'x' });
    expect(command.relay).to.deep.equal({ onTransformError: 'bypass' });
  });

  it('shows help and version whatever else is asked for', () => {
    expect(parseCommand(['--help'])).to.deep.equal({ kind: 'help' });
    expect(parseCommand(['--version'])).to.deep.equal({ kind: 'version' });
    expect(parseCommand(['abc', 'def', '--help'])).to.deep.equal({ kind: 'help' });
  });

  it('hands all behind the word conformance to the kit, and takes the word for nothing else', () => {
    const args = ['--json', './mini_serv', '--help', '-1'];
    expect(parseCommand(['conformance', ...args])).to.deep.equal({ kind: 'conformance', args });
    expect(parseCommand(['conformance'])).to.deep.equal({ kind: 'conformance', args: [] });
    expect(parseCommand(['--verbose', 'conformance'])).to.include({ kind: 'fatal' });
    expect(parseCommand(['4242', 'conformance'])).to.include({ kind: 'usage' });
  });

  describe('the help', () => {
    const options = [...HELP.matchAll(/^ {2}(?:-[a-z], )?(--[a-z-]+)(?: <([a-z]+)>)?/gm)];

    it('lists options', () => expect(options.length).to.be.at.least(7));

    for (const [, option = '', value] of options) {
      it(`tells the truth about ${option}`, () => {
        const samples: Record<string, string> = {
          ...{ size: '64M', dir: '/tmp', spec: 'log', policy: 'bypass', format: 'json' },
          ...{ url: 'nats://host/room', time: '30s', amount: '1h', n: '3' },
        };
        const given = value === undefined ? [option] : [option, samples[value] ?? '1'];
        // Some are options of what another asks for.
        const room = option.startsWith('--room-') ? ['--room', 'nats://host/room'] : [];
        const replay = option === '--since' ? ['replay', 'nats://host/room'] : ['1'];
        const command = parseCommand([...room, ...given, ...replay]);
        const kinds = { '--help': 'help', '--version': 'version', '--since': 'replay' };
        expect(command.kind).to.equal(kinds[option as keyof typeof kinds] ?? 'run');
        if (value !== undefined) expect(parseCommand([option]).kind).to.equal('usage');
        else if (command.kind === 'run') expect(command).to.not.deep.equal(parseCommand(['1']));
      });
    }

    it('gives an example that works', () => {
      const example = /^Try it: mini-serv (.*), and/m.exec(HELP)?.[1] ?? '';
      expect(run(example.split(' ')).port).to.equal(4242);
    });

    it('fits a terminal', () => {
      for (const line of HELP.split('\n')) expect(line.length).to.be.at.most(80);
    });
  });

  it('never throws, and gives nothing that the relay would refuse as unknown', () => {
    const next = random(5);
    const words = '-- - -1 -x  0 4242 70000 abc 64M 1e9 = \0 💥 --='.split(' ');
    const names = 'help version verbose max-line memory spill-dir spill-limit toString'.split(' ');
    const pick = (list: readonly string[]): string => list[Math.floor(next() * list.length)] as string;
    for (let round = 0; round < 20_000; round++) {
      const args = Array.from({ length: Math.floor(next() * 6) }, () => {
        const form = next();
        if (form < 0.4) return pick(words);
        return form < 0.7 ? `--${pick(names)}` : `--${pick(names)}=${pick(words)}`;
      });
      let command: Command;
      try {
        command = parseCommand(args);
      } catch (error) {
        throw new Error(`${JSON.stringify(args)} threw ${error}`);
      }
      expect(command.kind).to.be.oneOf(['help', 'version', 'usage', 'fatal', 'run']);
      if (command.kind === 'run') expect(command.port).to.be.within(0, 65535);
      if ('message' in command) expect(command.message).to.not.equal('');
    }
  });
});
