import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { freePort, holdPort } from '../../lib/conformance/ports.js';
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

describe('freePort()', () => {
  it('returns different ports, also in processes that ask at the same time', async () => {
    const path = new URL('../../lib/conformance/ports.js', import.meta.url).href;
    const code = `
      const { freePort } = await import(${JSON.stringify(path)});
      console.log(await freePort());
      console.log(await freePort());`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    addCleanup(() => void child.kill('SIGKILL'));
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    const ours = [await freePort(), await freePort()];
    await within(once(child, 'close'), 'the ports of the other process');
    expect(new Set([...ours, ...printed.trim().split('\n').map(Number)])).to.have.property('size', 4);
  });
});
