import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect } from 'chai';
import { namesOf } from '../../../lib/room/nats/streams.js';
import { runCommand, shell } from '../../support/command.js';
import { temporaryFolder, useNats } from '../../support/nats.js';
import { enter, startRelay } from '../../support/relays.js';
import { describeWith } from '../../support/tools.js';

interface JsonLine {
  readonly seq: number;
  readonly time: string;
  readonly event: string;
  readonly client: number;
}

function parseLines(text: string): JsonLine[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonLine);
}

describeWith('nats-server', 'mini-serv replay', () => {
  const nats = useNats();

  it('prints the requested time of a room with several snapshots', async () => {
    const url = nats().room('lobby');
    const relay = await startRelay(url, ['--format', 'json']);
    const first = await enter(relay);
    // A snapshot is saved every 2,000 records.
    for (let i = 0; i < 2100; i++) {
      await first.send(`${i}\n`);
      await relay.stdout.until(`"text":"${i}"`);
    }
    // The second client must not arrive in the millisecond of the last line.
    await delay(20);
    const second = await enter(relay);
    await second.send('last\n');
    await relay.stdout.until('"last"');
    const lines = parseLines(relay.stdout.text);
    const { time } = lines.find(({ event, client }) => event === 'arrived' && client === 1) as JsonLine;
    const later = lines.filter((line) => line.time >= time);
    const since = await runCommand(['replay', url, '--since', time, '--format', 'json']);
    expect(parseLines(since.stdout)).to.deep.equal(later.map((line, seq) => ({ ...line, seq })));
    const all = await runCommand(['replay', url, '--since', '1h', '--format', 'json']);
    expect(all.stdout === relay.stdout.text).to.equal(true);
    const none = await runCommand(['replay', url, '--until', '1h']);
    expect(none).to.include({ code: 0, stdout: '' });

    const connection = await connect({ servers: new URL(url).host });
    const jsm = await jetstreamManager(connection);
    await jsm.streams.purge(namesOf('lobby').recordStream, { keep: 200 });
    const kept = await runCommand(['replay', url]);
    expect(kept.code).to.equal(0);
    expect(kept.stderr).to.match(/^mini-serv: the room is stored from \d{4}-.* on\n$/);
    expect(kept.stdout.endsWith('client 1: last\n')).to.equal(true);
    // The relay saves another snapshot five seconds after its last record.
    relay.kill('SIGKILL');
    await relay.exited;
    await jsm.streams.purge(namesOf('lobby').snapshotStream);
    const gap = await runCommand(['replay', url]);
    expect(gap.code).to.equal(1);
    expect(gap.stderr).to.match(/the room cannot be replayed: its first \d+ records are no longer stored/);
    await connection.close();
  });

  it('fails if its output cannot be written, and ends without an error if its reader has enough', async () => {
    const url = nats().room();
    const relay = await startRelay(url);
    const client = await enter(relay);
    await client.send('hello\n'.repeat(1000));
    await relay.stdout.until('client 0: hello\n'.repeat(1000));
    const full = await runCommand(['replay', url], shell('exec "$@" > /dev/full'));
    expect(full.code).to.equal(1);
    expect(full.stderr).to.equal(
      'mini-serv: cannot write to standard output: ENOSPC: no space left on device, write\n',
    );
    // The file takes a part of the output first.
    const limited = shell(`ulimit -f 1; exec "$@" > '${join(temporaryFolder(), 'part')}'`);
    expect(await runCommand(['replay', url], limited)).to.include({
      code: 1,
      stderr: 'mini-serv: cannot write to standard output: EFBIG: file too large, write\n',
    });
    const enough = await runCommand(['replay', url], shell('{ "$@"; echo $? >&2; } | head -n 1'));
    expect(enough).to.include({ stdout: 'server: client 0 just arrived\n', stderr: '0\n' });
  });
});
