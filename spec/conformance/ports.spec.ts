import { once } from 'node:events';
import { connect } from 'node:net';
import { holdPort } from '../../lib/conformance/ports.js';
import { addCleanup } from '../support/cleanup.js';
import { within } from '../support/waiting.js';

describe('holdPort()', () => {
  it('releases the port even if a client has connected to it and stays', async () => {
    const { port, close } = await holdPort();
    const guest = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    addCleanup(() => void guest.destroy());
    guest.on('error', () => {});
    await once(guest, 'connect');
    await within(close(), 'the release of the port');
  });
});
