import { expect } from 'chai';
import { type Command, parseCommand } from '../../bin/arguments.js';
import { checkOptions } from '../../lib/relay/options.js';
import { random } from '../support/random.js';

/** The options of a relay without arguments. */
const DEFAULTS = { onTransformError: 'close', maxLineBytes: 2 ** 26, memoryBytes: 2 ** 26 } as const;

const run = (args: string[]): Command & { kind: 'run' } => {
  const command = parseCommand(args);
  if (command.kind !== 'run') throw new Error(`${JSON.stringify(args)} gave ${JSON.stringify(command)}`);
  return command;
};

const messageOf = (args: string[], kind: 'usage' | 'fatal' = 'usage'): string => {
  const command = parseCommand(args);
  expect(command.kind, JSON.stringify(args)).to.equal(kind);
  return (command as { message: string }).message;
};

describe('parseCommand()', () => {
  describe('port', () => {
    for (const [text, port] of [
      ['0', 0],
      ['4242', 4242],
      ['65535', 65535],
      ['080', 80],
    ] as const) {
      it(`accepts "${text}" as port ${port}`, () => {
        const defaults = { verbose: false, relay: DEFAULTS, transforms: [], format: 'wire' };
        expect(parseCommand([text])).to.deep.equal({ kind: 'run', port, ...defaults });
      });
    }

    const ports = ['', ' ', '4 2', ...'abc 70000 65536 42x x42 4.5 0x50 99999999999 1e3 ٤'.split(' ')];
    for (const text of ports) {
      it(`rejects the port ${JSON.stringify(text)} as a fatal error that quotes it`, () => {
        const expected = `port: expected an integer from 0 to 65535, got "${text}"`;
        expect(parseCommand([text])).to.deep.equal({ kind: 'fatal', verbose: false, message: expected });
        expect(parseCommand(['--verbose', text])).to.include({ kind: 'fatal', verbose: true });
        expect(parseCommand([text, '--verbose'])).to.include({ kind: 'fatal', verbose: true });
      });
    }

    it('rejects a negative number as a port and not as an unknown option', () => {
      for (const args of [
        ['-1'],
        ['--', '-1'],
        ['--verbose', '-1'],
        ['-1', '--verbose'],
        ['--max-line', '1K', '-42'],
      ]) {
        expect(messageOf(args, 'fatal')).to.match(/got "-(1|42)"$/);
      }
      expect(parseCommand(['--verbose', '--', '-1'])).to.include({ kind: 'fatal', verbose: true });
    });

    it('accepts a port after --', () => {
      expect(run(['--', '4242']).port).to.equal(4242);
      expect(run(['--verbose', '--', '4242'])).to.include({ port: 4242, verbose: true });
    });

    it('rejects no port, and more than one', () => {
      for (const args of [[], ['--verbose'], ['--'], ['1', '2'], ['1', '2', '3'], ['abc', 'def'], ['', '']]) {
        expect(messageOf(args)).to.equal('Wrong number of arguments');
      }
    });
  });

  describe('options', () => {
    it('names an unknown option', () => {
      for (const option of ['--nope', '--no-verbose', '-x', '--port=1', '--__proto__', '--toString']) {
        expect(messageOf([option, '4242'])).to.equal(`${option.split('=')[0]}: unknown option; see --help`);
      }
    });

    for (const [args, message] of [
      [['--memory', 'lots', '1'], '--memory: expected a size such as 64M, got "lots"'],
      [['--memory=', '1'], '--memory: expected a size such as 64M, got ""'],
      [['1', '--memory'], '--memory: expected a value, got none'],
      [['--max-line', '999G', '1'], '--max-line: expected a size from 1B to 256M, got "999G"'],
      [['--max-line', '0', '1'], '--max-line: expected a size from 1B to 256M, got "0"'],
      [['--max-line=257m', '1'], '--max-line: expected a size from 1B to 256M, got "257m"'],
      [['--memory', '9000T', '1'], '--memory: expected a size from 0B to 8191T, got "9000T"'],
      [['--spill-limit', '9000 TiB', '1'], '--spill-limit: expected a size from 0B to 8191T, got "9000 TiB"'],
      [['--spill-limit', '30s', '1'], '--spill-limit: expected a size such as 64M, got "30s"'],
      [['--spill-dir=', '1'], '--spill-dir: expected the path of a directory, got ""'],
      [
        ['--memory', '--verbose', '1'],
        '--memory: expected a value, got "--verbose"; if that is the value, write --memory=--verbose',
      ],
      [['-t', '-x', '1'], '-t: expected a value, got "-x"; if that is the value, write -t-x'],
      [['1', '--verbose=yes'], '--verbose: expected no value, got "yes"'],
      [['--format', 'xml', '1'], '--format: expected wire, text or json, got "xml"'],
      [['--audit-format', '', '1'], '--audit-format: expected wire, text or json, got ""'],
      [['--audit-format', 'json', '1'], '--audit-format: expected --audit <file> as well'],
      [['--on-transform-error', 'close', '1'], '--on-transform-error: expected --transform <spec> as well'],
      [['--audit=', '1'], '--audit: expected the path of a file, got ""'],
      [['--on-transform-error', 'x', '1'], '--on-transform-error: expected close or bypass, got "x"'],
      [['--since', '1h', '1'], '--since: is an option of mini-serv replay, not of mini-serv <port>'],
      [
        ['verify', 'a', '--memory', '1K'],
        '--memory: is an option of mini-serv <port>, not of mini-serv verify',
      ],
      [
        ['replay', 'nats://h/r', '--audit', 'a'],
        '--audit: is an option of mini-serv <port>, not of mini-serv replay',
      ],
      [
        ['replay', '--since', 'noon', 'nats://h/r'],
        '--since: expected a time such as 10:00 or 1h, got "noon"',
      ],
      [['verify'], 'Wrong number of arguments: expected mini-serv verify <file>'],
      [['verify', 'a', 'b'], 'Wrong number of arguments: expected mini-serv verify <file>'],
      [['replay'], 'Wrong number of arguments: expected mini-serv replay <url>'],
    ] as const) {
      it(`answers ${JSON.stringify(args.join(' '))} with ${JSON.stringify(message)}`, () => {
        expect(messageOf([...args])).to.equal(message);
      });
    }

    it('names the option for each kind of wrong size', () => {
      for (const option of ['--max-line', '--memory', '--spill-limit']) {
        for (const args of [
          [option],
          [option, 'lots', '4242'],
          [`${option}=`, '4242'],
          [option, '-1', '4242'],
        ]) {
          expect(messageOf(args)).to.match(new RegExp(`^${option}: expected a (size|value)`));
        }
      }
    });

    it('accepts the same lengths of lines as the relay', () => {
      const { maxLineBytes = 0 } = run(['--max-line', '256M', '1']).relay;
      expect(() => checkOptions({ maxLineBytes })).to.not.throw();
      expect(() => checkOptions({ maxLineBytes: maxLineBytes + 1 })).to.throw();
    });

    it('passes options to the relay, whether they stand before the port or after it', () => {
      const options = ['--max-line', '1K', '--memory=2M', '--spill-dir', '/somewhere', '--spill-limit', '3G'];
      const relay = {
        ...DEFAULTS,
        maxLineBytes: 1024,
        memoryBytes: 2 ** 21,
        spillDir: '/somewhere',
        spillLimitBytes: 3 * 2 ** 30,
      };
      expect(run([...options, '4242']).relay).to.deep.equal(relay);
      expect(run(['4242', ...options]).relay).to.deep.equal(relay);
      expect(() => checkOptions(relay)).to.not.throw();
    });

    it('keeps the order of transforms, and parses their options', () => {
      const args = [
        '-t',
        './a=b.mjs',
        '4242',
        '--transform=filter=drop:x',
        '-tlog',
        '--on-transform-error=bypass',
      ];
      const command = run(args);
      expect(command.transforms.map(({ name }) => name)).to.deep.equal(['./a=b.mjs', 'filter', 'log']);
      expect(command.transforms[1]?.options).to.deep.equal({ drop: 'x' });
      expect(command.relay).to.deep.equal({ ...DEFAULTS, onTransformError: 'bypass' });
    });

    it('uses --format for the audit too, unless --audit-format is given', () => {
      const args = ['--audit', 'a.log', '--format', 'json', '1'];
      expect(run(args)).to.deep.include({ format: 'json', audit: { path: 'a.log', format: 'json' } });
      expect(run([...args, '--audit-format', 'wire']).audit).to.deep.equal({ path: 'a.log', format: 'wire' });
      expect(run(['--audit', 'a.log', '1']).audit).to.deep.equal({ path: 'a.log' });
    });

    it('prefers help and version over everything else', () => {
      expect(parseCommand(['--help'])).to.deep.equal({ kind: 'help' });
      expect(parseCommand(['--version'])).to.deep.equal({ kind: 'version' });
      expect(parseCommand(['abc', 'def', '--help'])).to.deep.equal({ kind: 'help' });
    });
  });

  it('never throws, and gives only ports that the relay accepts (20,000 random argument lists)', () => {
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
