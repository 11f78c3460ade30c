import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { MiniServError } from '../../lib/util/errors.js';
import { invariant } from '../../lib/util/invariant.js';
import { connectAs } from '../support/client.js';
import { startServer } from '../support/command.js';

describe('invariant()', () => {
  it('does nothing if the condition holds', () => {
    expect(() => invariant(true, 'one is not one')).not.to.throw();
  });

  it('throws if the condition is violated, and again as an uncaught exception', async () => {
    const [mochaListener] = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    try {
      const uncaught = once(process, 'uncaughtException');
      expect(() => invariant(false, 'one is two')).to.throw(MiniServError, 'broken invariant: one is two');
      const [error] = await uncaught;
      expect(error).to.include({ code: 'ERR_INVARIANT', message: 'broken invariant: one is two' });
    } finally {
      if (mochaListener !== undefined) process.on('uncaughtException', mochaListener);
    }
  });

  it('ends the command with exit code 1, which prints the violation', async () => {
    const pager = new URL('../../lib/fanout/pager.js', import.meta.url);
    // Unpins every segment twice.
    const damage = `import { Pager } from ${JSON.stringify(pager)};
      const { unpin } = Pager.prototype;
      Pager.prototype.unpin = function (segment) { unpin.call(this, segment); unpin.call(this, segment); };`;
    // The bundled command has the pager inside, where it cannot be replaced.
    const command = fileURLToPath(new URL('../../bin/mini-serv.js', import.meta.url));
    const server = await startServer({
      command: [process.execPath, command],
      env: { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(damage)}` },
    });
    await connectAs(server)
      .then((client) => connectAs(server, 1, client))
      .catch(() => {});
    expect(await server.exited).to.deep.equal({ code: 1, signal: null });
    expect(server.stderr.text).to.equal(
      'Fatal error\nmini-serv: broken invariant: a segment was unpinned more often than it was pinned\n',
    );
  });
});
