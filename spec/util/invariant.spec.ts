import { once } from 'node:events';
import { expect } from 'chai';
import { MiniServError } from '../../lib/util/errors.js';
import { invariant } from '../../lib/util/invariant.js';
import { arrive } from '../support/client.js';
import { startServer } from '../support/command.js';

describe('an invariant', () => {
  it('is nothing where it holds', () => {
    expect(() => invariant(true, 'one is one')).not.to.throw();
  });

  it('throws where it does not, and is an uncaught exception whoever catches that', async () => {
    const [mocha] = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    try {
      const thrown = once(process, 'uncaughtException');
      expect(() => invariant(false, 'one is two')).to.throw(MiniServError, 'broken invariant: one is two');
      const [error] = await thrown;
      expect(error).to.include({ code: 'ERR_INVARIANT', message: 'broken invariant: one is two' });
    } finally {
      if (mocha !== undefined) process.on('uncaughtException', mocha);
    }
  });

  it('ends the command, which says what is broken', async () => {
    const pager = new URL('../../lib/fanout/pager.js', import.meta.url);
    // Gives every segment back twice.
    const damage = `import { Pager } from ${JSON.stringify(pager)};
      const { unpin } = Pager.prototype;
      Pager.prototype.unpin = function (segment) { unpin.call(this, segment); unpin.call(this, segment); };`;
    const server = await startServer({
      env: { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(damage)}` },
    });
    await arrive(server)
      .then((client) => arrive(server, 1, client))
      .catch(() => {});
    expect(await server.exited).to.deep.equal({ code: 1, signal: null });
    expect(server.stderr.text).to.equal(
      'Fatal error\nmini-serv: broken invariant: a segment was unpinned more often than it was pinned\n',
    );
  });
});
