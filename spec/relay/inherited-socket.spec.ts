import { closeSync, openSync } from 'node:fs';
import { expect } from 'chai';
import { createTestRelay } from '../support/room.js';

// Sockets that another process has opened need such a process: see spec/bin/service/activation.spec.ts.
describe('relay.listen({ fd })', () => {
  for (const fd of [-1, 1.5, Number.NaN, '3', undefined]) {
    it(`rejects an invalid descriptor: ${String(fd)}`, async () => {
      const relay = createTestRelay();
      const error = await relay.listen({ fd: fd as number }).catch((error) => error);
      expect(error).to.include({ code: 'ERR_OPTION' });
      expect(error.message).to.match(/^fd: expected an integer from 0 to 2147483647, got /);
    });
  }

  it('rejects null as a port', async () => {
    const error = await createTestRelay()
      .listen(null as never)
      .catch((error) => error);
    expect(error).to.include({ message: 'port: expected an integer from 0 to 65535, got null' });
  });

  it('rejects the descriptor of a file, and listens on a port after that', async () => {
    const relay = createTestRelay();
    const fd = openSync('/dev/null', 'r');
    const error = await relay.listen({ fd }).catch((error) => error);
    closeSync(fd);
    expect(error).to.include({ syscall: 'listen' });
    expect(await relay.listen(0)).to.be.above(0);
  });
});
