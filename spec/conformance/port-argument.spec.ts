import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { findPortArgument } from '../../lib/conformance/port-argument.js';
import { freePort, holdPort } from '../../lib/conformance/ports.js';
import { conformance, RELAY, script, scriptWithMistake } from '../support/conformance.js';

const server = scriptWithMistake('none');

describe('findPortArgument()', () => {
  it('finds a port on which the command listens by itself', async () => {
    const port = await freePort();
    expect(await findPortArgument([...server, `${port}`])).to.equal(`${port}`);
    // The command has ended: its port is free again.
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    other.close();
  });

  it('finds a port that is in use, which the command refuses', async () => {
    const holder = await holdPort();
    try {
      expect(await findPortArgument([...server, `${holder.port}`])).to.equal(`${holder.port}`);
    } finally {
      await holder.close();
    }
  });

  it('starts no command whose last argument cannot be a port', async () => {
    for (const last of ['', 'four', '-1', '0', '65536', '4.2', '123456']) {
      expect(await findPortArgument(['/nonexistent/command', last]), last).to.equal(undefined);
    }
    expect(await findPortArgument(['4242'])).to.equal(undefined);
  });

  it('accepts a number that is an argument of another kind', async () => {
    expect(await findPortArgument([...script('process.exitCode = 1'), '4'])).to.equal(undefined);
    expect(await findPortArgument([...RELAY, '--max-clients', '4'])).to.equal(undefined);
  });
});

describe('mini-serv conformance, with a port in the command', () => {
  it('gives one hint, and exits with 2', async () => {
    const port = await freePort();
    const { code, stdout, stderr } = await conformance([...server, `${port}`]);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.match(
      new RegExp(
        `cannot be tested: the kit adds a port of its own as the last argument; leave out ${port}, as in mini-serv conformance env .* none\\n$`,
      ),
    );
  });
});
