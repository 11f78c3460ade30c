import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { Inbox } from '../../support/inbox.js';
import { folder, pair } from '../../support/modules.js';
import { itWith } from '../../support/tools.js';
import { MODULES, runTry, startTry } from '../../support/try.js';
import { within } from '../../support/waiting.js';
import { arrivedNotice, leftNotice, relayed } from '../../support/wire.js';

const arrived = arrivedNotice(0);
const left = leftNotice(0);

describe('mini-serv try', () => {
  it('prints what other clients would receive', async () => {
    const { code, stdout, stderr } = await runTry(['-t', './shout.mjs'], 'hello\nHI\n\n');
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout).to.equal(arrived + relayed(0, 'HELLO', 'HI', '') + left);
  });

  itWith('sed', 'prints the same as a relay for a chain of all kinds', async () => {
    const chain = ['-t', './numbers.mjs', '-t', 'filter=drop:x', '-t', 'exec=sed -u s/a/b/'];
    const { stdout } = await runTry(chain, 'a\nx\nc\n');
    const [witness, client] = await pair(chain, await folder(MODULES));
    await client.send('a\nx\nc\n');
    client.end();
    await witness.until(leftNotice(1));
    expect(stdout.replaceAll('client 0', 'client 1')).to.equal(witness.received.toString());
  });

  it('prints no notice that a transform drops, and says so with --verbose', async () => {
    const { stdout, stderr } = await runTry(['--verbose', '-t', 'filter=keepKind:line'], 'a\n');
    expect(stdout).to.equal(relayed(0, 'a'));
    expect(stderr).to.match(/ client has arrived is dropped\n.* client has left is dropped\n$/);
  });

  it('passes bytes unchanged', async () => {
    const line = Buffer.from([0xff, 0x00, 0x0d, 0x1b, 0xc3, 0x0a]);
    for (const spec of ['./shout.mjs', 'exec=cat']) {
      const { bytes } = await runTry(['-t', spec], line);
      expect(
        bytes.equals(Buffer.concat([Buffer.from(`${arrived}client 0: `), line, Buffer.from(left)])),
        spec,
      ).to.equal(true);
    }
  });

  it('prints each line before it reads the next', async () => {
    const child = startTry(['-t', './shout.mjs'], await folder(MODULES));
    const inbox = new Inbox();
    child.stdout.on('data', (chunk: Buffer) => inbox.push(chunk));
    for (const line of ['a', 'b']) {
      child.stdin?.write(`${line}\n`);
      await inbox.until(relayed(0, line.toUpperCase()));
    }
  });

  it('ends quietly when the reader of its output does, although its input never ends', async () => {
    const child = startTry(['-t', './shout.mjs'], await folder(MODULES));
    const stderr = text(child.stderr);
    const chunk = 'hello\n'.repeat(1000);
    const feed = (): void => {
      while (child.stdin?.writable && child.stdin.write(chunk));
    };
    child.stdin?.on('error', () => {}).on('drain', feed);
    feed();
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = await within(once(child, 'exit'), 'the end of the command');
    expect([code, await stderr]).to.deep.equal([0, '']);
  });

  it('shows with --verbose which lines were dropped or changed', async () => {
    const { stdout, stderr } = await runTry(
      ['--verbose', '-t', './fails.mjs', '-t', './shout.mjs'],
      'A\ndrop\nb\ndrop\n',
    );
    expect(stdout).to.equal(arrived + relayed(0, 'A', 'B') + left);
    expect(stderr).to.equal(
      'mini-serv: line 2 is dropped: drop\nmini-serv: line 3 is changed, it was: b\nmini-serv: line 4 is dropped: drop\n',
    );
  });

  itWith('grep', 'shows with --verbose which lines a program drops, and cuts long ones', async () => {
    const long = `secret${'x'.repeat(1000)}`;
    const { stdout, stderr } = await runTry(
      ['--verbose', '-t', 'exec=grep -v secret'],
      `a\n${long}\nb\nsecret\n`,
    );
    expect(stdout).to.equal(arrived + relayed(0, 'a', 'b') + left);
    expect(stderr).to.match(
      /^mini-serv: line 2 is dropped: secretx{194}…\nmini-serv: line 4 is dropped: secret\n$/,
    );
  });

  it('exits with 1 when a transform fails, and names the line', async () => {
    const { code, stdout, stderr } = await runTry(['-t', './fails.mjs'], 'a\nb\nbad\nc\n');
    expect(stdout).to.equal(arrived + relayed(0, 'a', 'b') + left);
    expect({ code, stderr }).to.deep.equal({
      code: 1,
      stderr: 'mini-serv: transform 1 failed at line 3: ./fails.mjs: oops\n',
    });
  });

  it('shows the stack of the error with --verbose', async () => {
    const { stderr } = await runTry(['--verbose', '-t', './fails.mjs'], 'bad\n');
    expect(stderr).to.match(
      /^mini-serv: transform 1 failed at line 1: .*\nError: oops\n +at .*fails\.mjs:2:/,
    );
  });

  it('continues without the transform with --on-transform-error=bypass, and exits with 1 all the same', async () => {
    const { code, stdout, stderr } = await runTry(
      ['-t', './fails.mjs', '--on-transform-error=bypass'],
      'a\nbad\nc\n',
    );
    expect(code).to.equal(1);
    expect(stdout).to.equal(arrived + relayed(0, 'a', 'bad', 'c') + left);
    expect(stderr).to.match(/^mini-serv: transform 1 failed at line 2: .* continues without it\n$/);
  });

  it('exits with 1 when a transform refuses the client', async () => {
    const { code, stdout, stderr } = await runTry(['--verbose', '-t', 'no-http'], 'GET / HTTP/1.1\n');
    expect([code, stdout]).to.deep.equal([1, arrived + left]);
    expect(stderr).to.equal(
      'mini-serv: transform 1 refused the client at line 1: no-http: its first line is an HTTP request\n',
    );
  });

  it('exits with 1 when a transform never answers', async () => {
    const { code, stdout, stderr } = await runTry(['-t', './stalls.mjs'], 'a\nbad\n');
    expect([code, stdout]).to.deep.equal([1, arrived + relayed(0, 'a')]);
    expect(stderr).to.equal('mini-serv: the transforms never answer line 2\n');
  });

  it('exits with 1 when a program does not take its lines', async () => {
    const { code, stdout, stderr } = await runTry(['-t', 'exec=sleep 1000'], 'x\n'.repeat(1_000_000));
    expect([code, stdout]).to.deep.equal([1, arrived + left]);
    expect(stderr).to.match(
      /^mini-serv: transform 1 failed after line \d+: exec=sleep 1000: was ended by SIGTERM/,
    );
  });

  it('prints the reason of an error that is thrown outside of the transform', async () => {
    const { code, stderr } = await runTry(['-t', './crashes.mjs'], 'a\n');
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: 'Fatal error\nmini-serv: late\n' });
  });

  it('waits for a transform that is asynchronous', async () => {
    const { stdout } = await runTry(['-t', './slow.mjs'], 'a\nb\n');
    expect(stdout).to.equal(arrived + relayed(0, 'a', 'b') + left);
  });

  it('prints what a program writes to standard error, and exits with 1 when the program does', async () => {
    const { code, stdout, stderr } = await runTry(['-t', 'exec=cat; echo oops >&2; exit 3'], 'a\n');
    expect([code, stdout]).to.deep.equal([1, arrived + relayed(0, 'a') + left]);
    expect(stderr).to.match(/^mini-serv: exec=.*: oops\nmini-serv: exec=.*: exited with code 3\n$/);
  });

  it('drops a last line without its newline as a relay does, and says so', async () => {
    const { code, stdout, stderr } = await runTry(['-t', './shout.mjs'], 'a\nrest');
    expect([code, stdout]).to.deep.equal([0, arrived + relayed(0, 'A') + left]);
    expect(stderr).to.equal('mini-serv: line 2 has no newline at its end, and is dropped as in a relay\n');
  });

  it('ends at a line that is too long as a relay does, and exits with 1', async () => {
    const { code, stdout, stderr } = await runTry(['--max-line=5B', '-t', './shout.mjs'], 'a\nlonger\nb\n');
    expect([code, stdout]).to.deep.equal([1, arrived + relayed(0, 'A') + left]);
    expect(stderr).to.equal('mini-serv: line 2 is too long (--max-line): a relay disconnects the client\n');
  });

  it('prints the format that was asked for', async () => {
    const { stdout } = await runTry(['--format=json', '-t', './shout.mjs'], 'a\n');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; text?: string });
    expect(events.map(({ event, text: said }) => [event, said])).to.deep.equal([
      ['arrived', undefined],
      ['line', 'A'],
      ['left', undefined],
    ]);
  });

  it('explains what it needs without a transform, or when one cannot be loaded', async () => {
    const missing = await runTry([], '');
    expect(missing.code).to.equal(1);
    expect(missing.stderr).to.match(
      /^expected a transform, such as mini-serv try -t \.\/shout\.mjs < lines\.txt\n/,
    );
    const broken = await runTry(['-t', './none.mjs'], '');
    expect(broken.code).to.equal(1);
    expect(broken.stderr).to.match(/^mini-serv: cannot use the transform \.\/none\.mjs: no such file/);
  });

  it('exits with 2 when standard input cannot be read', async () => {
    const cwd = await folder(MODULES);
    for (const [path, flags, reason] of [
      [cwd, 'r', /it is a directory/],
      [join(cwd, 'written'), 'w', /EBADF/],
    ] as const) {
      const fd = openSync(path, flags);
      const child = startTry(['-t', './shout.mjs'], cwd, fd);
      closeSync(fd);
      const stderr = text(child.stderr);
      const [code] = await within(once(child, 'close'), 'the end of the command');
      expect(code).to.equal(2);
      expect(await stderr)
        .to.match(/^mini-serv: cannot read standard input: /)
        .and.match(reason);
    }
  });
});
