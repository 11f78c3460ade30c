import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { addCleanup } from '../../support/cleanup.js';
import { serverCommand, startServer } from '../../support/command.js';
import {
  encodedSecret,
  expectJoins,
  expectRefused,
  NO_CREDENTIALS,
  SECRET,
} from '../../support/credentials.js';
import { startNats, temporaryFolder } from '../../support/nats.js';
import { HAS_PROC } from '../../support/proc.js';
import { describeWith } from '../../support/tools.js';

describeWith('nats-server', 'a NATS server that requires credentials', () => {
  it('accepts a user and a password, which no message and no list of processes shows', async () => {
    const nats = await startNats({ config: `authorization { user: relay, password: "${SECRET}" }\n` });
    const host = `127.0.0.1:${nats.port}`;
    const relay = await expectJoins(`nats://relay:${encodedSecret}@${host}/a`);
    if (HAS_PROC) {
      const shown = readFileSync(`/proc/${relay.process.pid}/cmdline`, 'latin1');
      expect(shown).to.include('***@').and.not.to.include(encodedSecret);
    }
    const wrong = `nats://relay:wrong-${encodedSecret}@${host}/b`;
    expect(await expectRefused(wrong)).to.match(/refuses this relay: .*authorization/i);
    await nats.kill();
    await relay.stderr.until('is unreachable');
    expect(relay.stderr.text).to.include(`nats://${host}/a`).and.not.to.include(encodedSecret);
  });
});

describe('the list of processes', () => {
  it('shows the arguments of the command unchanged if they contain no URL', async function () {
    if (!HAS_PROC) return this.skip();
    const audit = join(temporaryFolder(), 'x@y.log');
    const relay = await startServer({ args: ['--audit', audit], env: NO_CREDENTIALS });
    const shown = readFileSync(`/proc/${relay.process.pid}/cmdline`, 'latin1');
    expect(shown.split('\0')).to.include(audit);
  });

  it('does not show the password in the URL of a replay, wherever the options are', async function () {
    if (!HAS_PROC) return this.skip();
    const url = `nats://relay:${encodedSecret}@127.0.0.1:1/a`;
    for (const args of [
      ['replay', '--timeout', '1m', url],
      ['--timeout', '1m', 'replay', url],
    ]) {
      const [file = '', ...first] = serverCommand();
      const child = spawn(file, [...first, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
      addCleanup(() => void child.kill('SIGKILL'));
      // The first message is printed after the arguments were replaced.
      await once(child.stderr, 'data');
      const shown = readFileSync(`/proc/${child.pid}/cmdline`, 'latin1');
      expect(shown, args.join(' ')).to.include('***@').and.not.to.include(encodedSecret);
    }
  });
});
