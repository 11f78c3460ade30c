import { expect } from 'chai';
import { type Command, parseCommand } from '../../../bin/arguments.js';

const parse = (line: string): Command => parseCommand(line.split(' ').filter((word) => word !== ''));

const messageOf = (line: string): string => {
  const command = parse(line);
  expect(command.kind, line).to.equal('usage');
  return (command as { message: string }).message;
};

describe('command line', () => {
  describe('help and version', () => {
    for (const [line, expected] of [
      ['-h', { kind: 'help' }],
      ['--help', { kind: 'help' }],
      ['help', { kind: 'help' }],
      ['4242 -h', { kind: 'help' }],
      ['--nope --memory=lots 1 2 3 --help', { kind: 'help' }],
      ['-hV', { kind: 'help' }],
      ['verify -h', { kind: 'help', command: 'verify' }],
      ['--help verify', { kind: 'help', command: 'verify' }],
      ['help verify', { kind: 'help', command: 'verify' }],
      ['help -- verify', { kind: 'help', command: 'verify' }],
      ['replay --memory 3 --help', { kind: 'help', command: 'replay' }],
      ['conformance --help ./x', { kind: 'help', command: 'conformance' }],
      ['help run', { kind: 'help', command: 'run' }],
      ['run -h', { kind: 'help', command: 'run' }],
      ['help --help', { kind: 'help', command: 'help' }],
      ['help version', { kind: 'help', command: 'version' }],
      ['-V', { kind: 'version' }],
      ['--version', { kind: 'version' }],
      ['version', { kind: 'version' }],
      ['verify --version', { kind: 'version' }],
      ['1 2 -V', { kind: 'version' }],
    ] as const) {
      it(`is what ${line} asks for`, () => expect(parse(line)).to.deep.equal(expected));
    }

    it('is not what an argument after -- asks for, or an argument of a command under test', () => {
      expect(parse('-- --help')).to.include({ kind: 'fatal' });
      expect(parse('verify -- --help')).to.deep.equal({ kind: 'verify', path: '--help' });
      expect(parse('conformance ./x --help')).to.deep.include({ command: ['./x', '--help'] });
    });
  });

  describe('command', () => {
    it('is the first argument that is not an option, and not one after --', () => {
      expect(parse('--verbose verify a')).to.deep.equal({ kind: 'verify', path: 'a' });
      expect(parse('--since 1h replay nats://h/r')).to.include({ kind: 'replay', url: 'nats://h/r' });
      expect(parse('--timeout 5s --json conformance a')).to.deep.include({
        kind: 'conformance',
        command: ['a'],
      });
      expect(parse('run 4242')).to.deep.equal(parse('4242'));
      expect(parse('-- verify')).to.include({ kind: 'fatal' });
      expect(parse('verify verify')).to.deep.equal({ kind: 'verify', path: 'verify' });
    });

    it('keeps an operand after -- that looks like an option', () => {
      expect(parse('verify -- -a.json')).to.deep.equal({ kind: 'verify', path: '-a.json' });
      expect(parse('verify -1')).to.deep.equal({ kind: 'verify', path: '-1' });
    });
  });

  describe('number of operands', () => {
    for (const line of [
      '',
      '--verbose',
      '4242 4243',
      '1 verify',
      'run',
      'run 1 2',
      'abc def',
      '-1 -2',
      '-- a b',
    ]) {
      it(`gives exactly the text of the subject for a relay: mini-serv ${line}`, () => {
        expect(parse(line)).to.deep.equal({
          kind: 'usage',
          message: 'Wrong number of arguments',
          exitCode: 1,
        });
      });
    }

    for (const [line, expected, exitCode] of [
      ['verify', 'verify <file>', 1],
      ['verify a b', 'verify <file>', 1],
      ['verify a -- b', 'verify <file>', 1],
      ['replay', 'replay <url>', 1],
      ['conformance', 'conformance <command> [args...]', 2],
      ['completion', 'completion <bash|zsh|fish>', 1],
      ['completion bash zsh', 'completion <bash|zsh|fish>', 1],
      ['help run verify', 'help [command]', 1],
      ['version 1', 'version', 1],
    ] as const) {
      it(`names the operands of the command: mini-serv ${line}`, () => {
        const message = `Wrong number of arguments: expected mini-serv ${expected}`;
        expect(parse(line)).to.deep.equal({ kind: 'usage', message, exitCode });
      });
    }

    it('may be 0 for a list of cases', () => {
      expect(parse('conformance --list')).to.deep.include({ kind: 'conformance', command: [] });
    });
  });

  describe('near miss', () => {
    const commands = 'run, verify, replay, conformance, completion, help or version';
    for (const [line, message] of [
      ['verfy a', 'verfy: unknown command; did you mean verify?'],
      ['verfy', 'verfy: unknown command; did you mean verify?'],
      ['VERIFY a', 'VERIFY: unknown command; did you mean verify?'],
      ['evrify a', 'evrify: unknown command; did you mean verify?'],
      ['confromance ./x --json', 'confromance: unknown command; did you mean conformance?'],
      ['conform ./x', 'conform: unknown command; did you mean conformance?'],
      ['replya nats://h/r', 'replya: unknown command; did you mean replay?'],
      ['verison', 'verison: unknown command; did you mean version?'],
      ['hlep verify', 'hlep: unknown command; did you mean help?'],
      ['complete bash', 'complete: unknown command; did you mean completion?'],
      ['--verbos 1', '--verbos: unknown option; did you mean --verbose?'],
      ['--Verbose 1', '--Verbose: unknown option; did you mean --verbose?'],
      ['--max_line=3 1', '--max_line: unknown option; did you mean --max-line?'],
      ['--auditformat json 1', '--auditformat: unknown option; did you mean --audit-format?'],
      ['--trans log 1', '--trans: unknown option; did you mean --transform?'],
      ['-verbose 1', '-verbose: unknown option; did you mean --verbose?'],
      ['-transform log 1', '-transform: unknown option; did you mean --transform?'],
      ['-room-timeout=3s 1', '-room-timeout: unknown option; did you mean --room-timeout?'],
      ['-T log 1', '-T: unknown option; did you mean -t?'],
      ['-v 1', '-v: unknown option; did you mean -V?'],
      ['--h', '--h: unknown option; did you mean -h?'],
      ['--sinc 1h 1', '--sinc: unknown option; did you mean --since, an option of mini-serv replay?'],
      ['verify --verbos a', '--verbos: unknown option; did you mean --verbose?'],
      ['--format jsn 1', '--format: expected wire, text or json, got "jsn"; did you mean json?'],
      [
        'conformance --rank beyon ./x',
        '--rank: expected subject, exam, practice or beyond, got "beyon"; did you mean beyond?',
      ],
      ['help verfy', `mini-serv help: expected ${commands}, got "verfy"; did you mean verify?`],
      ['completion bsh', 'mini-serv completion: expected bash, zsh or fish, got "bsh"; did you mean bash?'],
    ] as const) {
      it(`gets a suggestion: mini-serv ${line}`, () => {
        if (!message.includes(commands)) expect(messageOf(line)).to.equal(message);
        else
          expect(messageOf(line)).to.match(
            /^mini-serv help: expected run, .*, got "verfy"; did you mean verify\?$/,
          );
      });
    }

    for (const line of [
      '--nope 1',
      '--x 1',
      '--port 1',
      '--no-verbose 1',
      '--= 1',
      '-x 1',
      '--room-xyzzy 1',
      '--room-user 1',
      '--room-pass 1',
      '--room-tls 1',
      '--host 1',
      '--size 1',
    ]) {
      it(`gets no suggestion if nothing is near: mini-serv ${line}`, () => {
        const [option = ''] = line.split(' ');
        expect(messageOf(line)).to.equal(`${option}: unknown option; see --help`);
      });
    }

    for (const line of [
      'abc',
      'hello',
      'server',
      'start',
      'serve',
      'notaport',
      'foo',
      'test',
      'port',
      'x',
      'v',
      'ru',
      'ver',
      '4242x',
      '0x50',
      '',
      '1verify',
      '-- verfy',
    ]) {
      it(`is not looked for in what may be a port: mini-serv ${line}`, () => {
        expect(parseCommand(line === '' ? [''] : line.split(' '))).to.include({ kind: 'fatal' });
      });
    }

    it('refers to the help of the command, and to -- for an operand', () => {
      expect(messageOf('verify --nope a')).to.equal('--nope: unknown option; see mini-serv verify --help');
      expect(messageOf('verify -x.json')).to.equal(
        '-x.json: unknown option; see mini-serv verify --help, or write -- -x.json if that is the <file>',
      );
      expect(messageOf('version -x')).to.equal('-x: unknown option; see mini-serv version --help');
    });
  });

  it('rejects an option that does nothing without another', () => {
    expect(messageOf('--audit-format json 1')).to.equal('--audit-format: expected --audit <file> as well');
    expect(messageOf('--room-replicas 3 1')).to.equal('--room-replicas: expected --room <url> as well');
    expect(parse('--audit-format json --audit a 1')).to.include({ kind: 'run' });
    expect(parse('replay --room-creds a nats://h/r')).to.include({ kind: 'replay' });
    expect(messageOf('replay --since 1h --until 2h nats://h/r')).to.equal(
      '--since: expected a time before --until',
    );
  });
});
