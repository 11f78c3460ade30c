import { expect } from 'chai';
import type { Case } from '../../lib/conformance/case.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import { describeExit, hintFor } from '../../lib/conformance/exit.js';
import type { Result } from '../../lib/conformance/run.js';
import { compiledServers, runKit, script } from '../support/conformance.js';
import { describeWith } from '../support/tools.js';

const explain = (result: Result | undefined): string =>
  `${describeExit(result?.exit ?? { code: null, signal: null })}. ${hintFor(result as Result)}`;

describeWith('cc', 'the explanation of a server that sends to its listening socket', () => {
  it('names this socket if no client has left', async () => {
    const servers = compiledServers();
    try {
      const command = [await servers.compile('SEND_TO_LISTENER')];
      for (const wrapped of [command, ['sh', '-c', `${command[0]} "$@"; exit $?`, 'sh']]) {
        const [result] = await runKit(wrapped, ['lines']);
        expect(explain(result)).to.match(
          /SIGPIPE \(it sent to a socket that is not connected to any client\)\. No client had left, so this is probably the listening socket/,
        );
      }
      const [result] = await runKit(command, ['listens'], 1500);
      expect(`${result?.details?.what}`).to.not.contain('waits in the queue');
    } finally {
      servers.remove();
    }
  });
});

describe('the explanation of a server that ends while clients are connected', () => {
  it('names the connection of a client that has left if there was one', () => {
    const result: Result = {
      case: CASES[0] as Case,
      outcome: 'failed',
      exit: { code: null, signal: 'SIGPIPE' },
      timeline: [],
    };
    expect(explain(result)).to.match(
      /SIGPIPE \(it sent to a connection that was reset.*\. Call send with MSG_NOSIGNAL/,
    );
  });

  it('shows the summary of a sanitizer instead of the legend after it', async () => {
    const ends = script(`
      net.createServer(() => {
        process.stderr.write('==1==ERROR\\nSUMMARY: AddressSanitizer: heap-buffer-overflow a.c:7 in f\\n' + 'Legend\\n'.repeat(9));
        process.exit(1);
      }).listen(port, '127.0.0.1')`);
    const [result] = await runKit(ends, ['lines']);
    expect(result?.stderr?.at(-1)).to.equal('SUMMARY: AddressSanitizer: heap-buffer-overflow a.c:7 in f');
    expect(explain(result)).to.contain('The sanitizer ended the server because of this error.');
  });

  it('says that an error of one client is not fatal if it prints "Fatal error"', async () => {
    const givesUp = script(`
      const sockets = [];
      net.createServer((socket) => {
        for (const other of sockets) other.write('server: client ' + sockets.length + ' just arrived\\n');
        sockets.push(socket);
        socket.on('error', () => {}).on('data', () => {
          require('node:fs').writeSync(2, 'Fatal error\\n');
          process.exit(1);
        });
      }).listen(port, '127.0.0.1')`);
    const [result] = await runKit(givesUp, ['lines']);
    expect(explain(result)).to.match(
      /exit code 1\. "Fatal error" is only for errors before the server accepts/,
    );
  });

  it('keeps the hint of the case if the server cannot use its port', async () => {
    const [result] = await runKit(script(`console.error('Fatal error'); process.exit(1)`), ['listens']);
    expect(hintFor(result as Result)).to.equal(result?.case.hint);
  });
});
