import { join } from 'node:path';
import { expect } from 'chai';
import { replayRoom } from '../../../lib/room/nats/replay.js';
import { runCommand, shell } from '../../support/command.js';
import { describeWithNats, scratch, startNats } from '../../support/nats.js';
import { enter, startRelay } from '../../support/relays.js';
import { eventually, within } from '../../support/waiting.js';

describeWithNats('mini-serv replay', () => {
  it('prints what was said in a room, as each relay of it has it, in each format', async () => {
    const nats = await startNats();
    const url = nats.room('lobby');
    const relays = [
      await startRelay(url, ['--audit-format', 'text', '--audit', '/dev/null']),
      await startRelay(url, ['--format', 'json']),
    ] as const;
    const first = await enter(relays[0]);
    await first.send(`hello\n${'x'.repeat(3_000_000)}\nbytes \xff\x00\r\n`);
    await relays[1].stdout.until('bytes ');
    first.end();
    await relays[1].stdout.until('"left"');
    await relays[0].stdout.until('just left\n');
    const wire = await runCommand(['replay', url]);
    expect(wire.code).to.equal(0);
    expect(wire.stdout === relays[0].stdout.text).to.equal(true);
    const json = await runCommand(['replay', url, '--format', 'json']);
    expect(json.stdout === relays[1].stdout.text).to.equal(true);
    const text = await runCommand(['replay', url, '--format', 'text']);
    expect(text.stdout.split('\n')[0]).to.match(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z server: client 0 just arrived$/,
    );
  });

  it('begins and ends when it is told to, with the ids that were', async () => {
    const nats = await startNats();
    const url = nats.room('lobby');
    const relay = await startRelay(url, ['--format', 'json']);
    const first = await enter(relay);
    // More than a roster's worth, one record after the other.
    for (let i = 0; i < 2100; i++) {
      await first.send(`${i}\n`);
      await relay.stdout.until(`"text":"${i}"`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    const second = await enter(relay);
    await second.send('last\n');
    await relay.stdout.until('"last"');
    const records = relay.stdout.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number; time: string; event: string; client: number });
    const { time } = records.find(({ event, client }) => event === 'arrived' && client === 1) as {
      time: string;
    };
    const said = records.filter((record) => record.time >= time);
    const since = await runCommand(['replay', url, '--since', time, '--format', 'json']);
    const replayed = since.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(replayed).to.deep.equal(said.map((record, seq) => ({ ...record, seq })));
    const all = await runCommand(['replay', url, '--since', '1h', '--format', 'json']);
    expect(all.stdout === relay.stdout.text).to.equal(true);
    const none = await runCommand(['replay', url, '--until', '1h']);
    expect(none).to.include({ code: 0, stdout: '' });
  });

  it('says so where there is no such room', async () => {
    const nats = await startNats();
    const { code, stdout, stderr } = await runCommand(['replay', nats.room('nowhere')]);
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr).to.match(/there is no room nowhere/);
  });

  it('says so where what it prints cannot be written', async () => {
    const nats = await startNats();
    const url = nats.room('lobby');
    const relay = await startRelay(url);
    const client = await enter(relay);
    await client.send('hello\n'.repeat(1000));
    await relay.stdout.until('client 0: hello\n'.repeat(1000));
    const full = await runCommand(['replay', url], shell('exec "$@" > /dev/full'));
    expect(full.code).to.equal(1);
    expect(full.stderr).to.match(/^mini-serv: cannot write to standard output: ENOSPC: [^\n]+\n$/);
    // Of which a part is taken first.
    const part = shell(`ulimit -f 1; exec "$@" > '${join(scratch(), 'part')}'`);
    const limited = await runCommand(['replay', url], part);
    expect(limited.code).to.equal(1);
    expect(limited.stderr).to.match(/^mini-serv: cannot write to standard output: EFBIG: [^\n]+\n$/);
    // Who has had enough of it is no error.
    const enough = await runCommand(['replay', url], shell('{ "$@"; echo $? >&2; } | head -n 1'));
    expect(enough).to.include({ stdout: 'server: client 0 just arrived\n', stderr: '0\n' });
  });

  it('says when the engine goes away under it, and goes on when that is back', async () => {
    const nats = await startNats();
    const url = nats.room('lobby');
    const relay = await startRelay(url);
    const client = await enter(relay);
    await client.send('hello\n');
    await relay.stdout.until('client 0: hello\n');
    const notes: string[] = [];
    let said = '';
    let go = (): void => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const replayed = replayRoom(url, {
      note: (message) => void notes.push(message),
      said: (bytes) => {
        said += bytes;
        return held;
      },
    });
    await eventually('a line', () => said !== '');
    await nats.kill();
    await eventually('a word of it', () => notes.length === 1);
    expect(notes[0]).to.equal(`${url} is out of reach (the connection is lost): all wait until it is back`);
    await nats.restart();
    await eventually('a word of it', () => notes.length === 2);
    expect(notes[1]).to.equal('the engine is back: all go on');
    go();
    await within(replayed, 'the end of it');
    expect(said).to.equal(relay.stdout.text);
  });
});
