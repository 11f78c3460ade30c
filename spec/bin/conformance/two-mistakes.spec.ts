import { expect } from 'chai';
import { conformance, script } from '../../support/conformance.js';

/** The first client gets id 1, and the notice of a client that left has other words. */
const TWO_MISTAKES = script(`
  const clients = new Map(); let nextId = 1;
  net.createServer((socket) => {
    const id = nextId++;
    const tell = (text) => { for (const other of clients.keys()) if (other !== socket) other.write(text); };
    tell('server: client ' + id + ' just arrived\\n');
    clients.set(socket, id);
    socket.on('data', (chunk) => tell(String(chunk).replace(/^(?=.*\\n)/gm, 'client ' + id + ': ')));
    socket.on('error', () => {}).on('close', () => { clients.delete(socket); tell('server: client ' + id + ' left\\n'); });
  }).listen(port, '127.0.0.1')`);

describe('mini-serv conformance, with a server that has two mistakes', () => {
  it('gives one explanation for each mistake, with a hint about it', async () => {
    const cases = 'first-ids,nothing-from-before,lines,every-line,leaves';
    const { code, stdout } = await conformance(['--only', cases, ...TWO_MISTAKES]);
    expect(code).to.equal(1);
    expect(stdout).to.match(/^Failed 3 of 5 chosen cases: .* 3 failures with 2 causes\.$/m);
    expect(stdout.match(/^\d\) [\w-]+/gm)).to.deep.equal(['1) first-ids', '2) leaves']);
    expect(stdout).to.contain('And 1 more for the same reason: nothing-from-before');
    const hints = stdout.split('Usual cause: ').slice(1);
    expect(hints[0]).to.match(/^Use one counter that starts at 0/);
    expect(hints[1]).to.match(/^Lines of this kind do not have the format of the subject/);
  });
});
