import { expect } from 'chai';
import {
  exec,
  filter,
  loadTransforms,
  type MessageTransform,
  type MiniServError,
  type RelayOptions,
} from '../../../lib/index.js';
import { life, pass, texts, thrown } from '../../support/pass.js';
import { createTestRelay, join } from '../../support/room.js';
import { itWith } from '../../support/tools.js';
import { eventually } from '../../support/waiting.js';
import { arrivedNotice, leftNotice, relayed, relayedBytes } from '../../support/wire.js';

/** A witness, a client that sends lines, and the relay's warnings. */
async function scene(transform: MessageTransform | MessageTransform[], options: RelayOptions = {}) {
  const relay = createTestRelay({ transforms: [transform].flat(), ...options });
  const warnings: MiniServError[] = [];
  relay.on('warning', (warning) => warnings.push(warning));
  return { relay, warnings, witness: await join(relay), client: await join(relay) };
}

/** The lines that the room receives of a client that sends these lines through the program, and leaves. */
async function said(command: string, ...lines: string[]): Promise<string[]> {
  return texts(await pass(exec({ command }), life(lines)));
}

describe('transform exec', () => {
  itWith('sed', 'passes each line through the program, and keeps the notices around them', async () => {
    const { witness, client } = await scene(exec({ command: 'sed -u s/colour/color/' }));
    client.send('colour\nflavour\ncolour colour\n');
    client.end();
    await witness.receives(arrivedNotice(1), relayed(1, 'color', 'flavour', 'color colour'), leftNotice(1));
  });

  it('passes several lines for one, none, and lines without input', async () => {
    const script =
      'while read -r line; do case $line in two) echo a; echo b;; none) ;; *) echo "$line";; esac; done';
    expect(await said(`${script}; echo end`, 'two', 'none', 'x')).to.deep.equal(['a', 'b', 'x', 'end']);
  });

  it('passes all bytes but the newline unchanged', async () => {
    const { witness, client } = await scene(exec({ command: 'cat' }));
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 0x0a));
    client.send(Buffer.concat([bytes, Buffer.from('\n\n'), Buffer.from('é\n')]));
    await witness.receives(arrivedNotice(1), relayedBytes(1, bytes, Buffer.from(''), Buffer.from('é')));
  });

  itWith(
    'sed',
    'passes an unterminated line at the end of the program, and divides a text with newlines',
    async () => {
      expect(await said('cat; printf rest', 'a')).to.deep.equal(['a', 'rest']);
      expect(await said('sed -u s/^/-/', 'a\nb')).to.deep.equal(['-a', '-b']);
    },
  );

  itWith('sed', 'runs a file with arguments without a shell', async () => {
    const lines = await pass(exec({ file: 'sed', args: ['-u', 's/$HOME/home/'] }), life(['$HOME']));
    expect(texts(lines)).to.deep.equal(['home']);
  });

  it('names the client in the environment', async () => {
    const messages = await pass(exec({ command: 'cat; echo $MINI_SERV_CLIENT' }), life(['x'], 7), 7);
    expect(texts(messages)).to.deep.equal(['x', '7']);
  });

  it('starts no program for a client that sends nothing', async () => {
    expect(await pass(exec({ command: 'echo x' }), life([]))).to.deep.equal(life([]));
  });

  itWith('sed', 'composes with other transforms', async () => {
    const transforms = [
      filter({ drop: 'secret' }),
      exec({ command: 'sed -u s/a/b/' }),
      exec({ command: 'sed -u s/b/c/' }),
    ];
    const { witness, client } = await scene(transforms);
    client.send('a\nsecret\nb\n');
    client.end();
    await witness.receives(arrivedNotice(1), relayed(1, 'c', 'c'), leftNotice(1));
  });

  itWith('sed', 'takes the rest of a -t argument as the command', async () => {
    const run = async (spec: string): Promise<string[]> => {
      const transforms = await loadTransforms([spec]);
      return texts(await pass(transforms[0] as MessageTransform, life(['x'])));
    };
    expect(await run('exec=sed -u "s/x/a=1,b:2/"')).to.deep.equal(['a=1,b:2']);
    expect(await run(`exec={ cat; echo 'it'"'"'s'; }`)).to.deep.equal(['x', "it's"]);
    expect(await run('"exec"=sed -u s/x/=/')).to.deep.equal(['=']);
  });

  it('reports what the program writes to standard error, with control characters made visible', async () => {
    const command = String.raw`printf 'oops \033[2J\n\377tail' >&2; cat`;
    const { warnings, witness, client } = await scene(exec({ command }));
    client.send('x\n');
    client.end();
    await witness.until(leftNotice(1));
    expect(
      warnings.map(({ code, client: id, message }) => [code, id, message.replace(/exec=.*cat/, 'exec')]),
    ).to.deep.equal([
      ['ERR_TRANSFORM_WARNING', 1, String.raw`client 1: exec: oops \x1b[2J`],
      ['ERR_TRANSFORM_WARNING', 1, String.raw`client 1: exec: \xfftail`],
    ]);
  });

  it('cuts long lines of standard error, and limits their number', async () => {
    const command = 'head -c 5000000 /dev/zero >&2; echo >&2; seq 100000 >&2; cat';
    const { warnings, witness, client } = await scene(exec({ command }));
    const startedAt = performance.now();
    client.send('x\n');
    client.end();
    await witness.until(leftNotice(1));
    const seconds = Math.ceil((performance.now() - startedAt) / 1000);
    // In each second twenty lines, and the number of those that are not shown.
    expect(warnings.length).to.be.within(21, 21 * (seconds + 1));
    expect(Math.max(...warnings.map(({ message }) => message.length))).to.be.lessThan(3000);
    const shown = warnings.filter(({ message }) => / \d+$/.test(message)).length;
    const dropped = warnings.map(({ message }) => Number(/(\d+) more lines/.exec(message)?.[1] ?? 0));
    expect(shown + dropped.reduce((sum, count) => sum + count, 0)).to.equal(100_000);
  });

  it('reports an exit code other than 0 after the client has left', async () => {
    const { warnings, witness, client } = await scene(exec({ command: 'cat; exit 3' }));
    client.send('x\n');
    client.end();
    await witness.receives(arrivedNotice(1), relayed(1, 'x'), leftNotice(1));
    expect(warnings.map(({ message }) => message)).to.deep.equal([
      'client 1: exec=cat; exit 3: exited with code 3',
    ]);
  });

  const failures: [command: string, reason: RegExp][] = [
    ['exit 0', /exited with code 0 before its client left$/],
    ['exit 3', /exited with code 3 before its client left$/],
    ['kill -9 $$', /was ended by SIGKILL before its client left$/],
    ['mini-serv-no-such-program', /exited with code 127 before its client left$/],
    ['exec >&-; exec sleep 1000', /closed its standard output before its client left$/],
    ['read -r line; head -c 2000 /dev/zero; exec sleep 1000', /wrote a line longer than 1000 bytes$/],
  ];
  for (const [command, reason] of failures) {
    it(`disconnects the client when the program fails: ${command}`, async () => {
      const { relay, warnings, witness, client } = await scene(exec({ command }), { maxLineBytes: 1000 });
      client.send('x\n');
      await untilFailed(warnings);
      await witness.receives(arrivedNotice(1), leftNotice(1));
      expect(failuresOf(warnings)).to.have.length(1);
      expect(failuresOf(warnings)[0]?.message)
        .to.match(/^transform 1 failed for client 1: exec=/)
        .and.match(reason);
      await relay.close();
    });

    it(`loses no line with bypass when the program fails: ${command}`, async () => {
      const { warnings, witness, client } = await scene(exec({ command }), {
        maxLineBytes: 1000,
        onTransformError: 'bypass',
      });
      client.send('a\nb\n');
      await untilFailed(warnings);
      client.send('c\n');
      client.end();
      await witness.receives(arrivedNotice(1), relayed(1, 'a', 'b', 'c'), leftNotice(1));
    });
  }

  it('loses no line with bypass when the program closes its input and continues', async () => {
    const { warnings, witness, client } = await scene(exec({ command: 'exec <&-; exec sleep 1000' }), {
      onTransformError: 'bypass',
    });
    const lines: string[] = [];
    // Only a write shows that nothing reads any more.
    await eventually('a failure', () => {
      lines.push(`${lines.length}`);
      client.send(`${lines.length - 1}\n`);
      return failuresOf(warnings).length > 0;
    });
    client.end();
    await witness.receives(arrivedNotice(1), relayed(1, ...lines), leftNotice(1));
    expect(failuresOf(warnings)[0]?.message).to.match(/closed its standard input before its client left/);
  });

  it('fails like any transform when the program cannot be started', async () => {
    const { warnings, witness, client } = await scene(exec({ file: '/mini-serv/none', args: [] }));
    client.send('x\n');
    await witness.receives(arrivedNotice(1), leftNotice(1));
    expect(warnings.map(({ message }) => message)).to.deep.equal([
      'transform 1 failed for client 1: exec=/mini-serv/none: cannot be started: spawn /mini-serv/none ENOENT',
    ]);
  });

  itWith(
    'sed',
    'loses and repeats no line with bypass when a program that answers each line ends',
    async () => {
      const command = 'sed -u -e s/^/-/ -e 3000q';
      const { warnings, witness, client } = await scene(exec({ command }), { onTransformError: 'bypass' });
      const lines = Array.from({ length: 10_000 }, (_, i) => `${i}`);
      client.send(`${lines.join('\n')}\n`);
      await untilFailed(warnings);
      client.end();
      const answered = lines.map((line, i) => (i < 3000 ? `-${line}` : line));
      await witness.receives(arrivedNotice(1), relayed(1, ...answered), leftNotice(1));
    },
  );

  itWith('sed', 'does not repeat lines with bypass when a program that drops lines ends', async () => {
    const command = "sed -u -e /drop/d -e '/^last$/q'";
    const { warnings, witness, client } = await scene(exec({ command }), { onTransformError: 'bypass' });
    client.send('a\ndrop\nb\ndrop\ndrop\nlast\nafter\n');
    await untilFailed(warnings);
    client.end();
    await witness.receives(arrivedNotice(1), relayed(1, 'a', 'b', 'last', 'after'), leftNotice(1));
  });

  it('serves the other clients while a program does not read', async () => {
    const { relay, witness, client } = await scene(
      exec({ command: '[ $MINI_SERV_CLIENT = 0 ] && exec cat; exec sleep 1000' }),
    );
    const line = `${'x'.repeat(1023)}\n`;
    client.send(line.repeat(4096));
    await eventually('lines that wait', () => (relay.stats().pendingTransforms.get(1) ?? 0) > 0);
    witness.send('hello\n');
    await client.until(relayed(0, 'hello'));
  });

  it('rejects invalid options', () => {
    const rejects = (options: object): string => thrown(() => exec(options as never));
    expect(rejects({})).to.equal("transform exec: the option 'command' is missing; expected a shell command");
    expect(rejects({ command: ' ' })).to.match(/command: expected a shell command, got ' '$/);
    expect(rejects({ command: 'a\0b' })).to.match(/command: expected a shell command/);
    expect(rejects({ command: 'cat', file: 'cat' })).to.match(
      /file: expected either command or file, got 'cat'$/,
    );
    expect(rejects({ command: 'cat', args: ['x'] })).to.match(
      /args: expected no arguments without the option file/,
    );
    expect(rejects({ file: '' })).to.match(/file: expected a path or a name, got ''$/);
    expect(rejects({ file: 'cat', args: [1] })).to.match(/args: expected an array of text/);
    expect(rejects({ file: 'cat', args: 'x' })).to.match(/args: expected an array of text/);
    expect(rejects({ file: 'cat', arg: [] })).to.match(/unknown option 'arg'/);
  });

  it('rejects a -t argument without a command', async () => {
    for (const [spec, message] of [
      ['exec', /the option 'command' is missing/],
      ['exec=', /the option 'command' is missing/],
      ['exec= ', /expected a shell command/],
      ['exec:cat', /expected = before the command: exec=command$/],
    ] as const) {
      const error = await loadTransforms([spec]).catch((reason: Error) => reason);
      expect(error).to.be.an('error').with.property('message').that.matches(message);
    }
  });
});

function failuresOf(warnings: readonly MiniServError[]): MiniServError[] {
  return warnings.filter(({ code }) => code === 'ERR_TRANSFORM');
}

async function untilFailed(warnings: readonly MiniServError[]): Promise<void> {
  await eventually('a failure', () => failuresOf(warnings).length > 0);
}
