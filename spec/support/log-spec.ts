import { expect } from 'chai';
import type { EventLog, EventLogReader, LogEvent } from '../../lib/room/event-log.js';
import { afterwards } from './cleanup.js';
import { Inbox } from './inbox.js';
import { within } from './waiting.js';

/** A log, and all that is read of it, an entry each. */
export class Readings {
  readonly log: EventLog;
  readonly heard: string[] = [];
  readonly times: (number | undefined)[] = [];
  /** Ids by tokens. */
  readonly ids = new Map<number, number>();
  readonly told = new Inbox();
  full = false;

  constructor(log: EventLog) {
    this.log = log;
    const hear = (entry: string, time?: number): void => {
      this.heard.push(entry);
      this.times.push(time);
      this.told.push(Buffer.from(`${entry.slice(0, 200)}\n`));
    };
    const reader: EventLogReader = {
      onIdAssigned: (token, client) => {
        this.ids.set(token, client);
        hear(`given ${token} ${client}`);
      },
      onJoined: (client, silent, first, time) =>
        hear(`arrived ${client}${silent ? ' silent' : ''}${first ? ' first' : ''}`, time),
      onLines: (client, bytes, time) => hear(`lines ${client} ${bytes}`, time),
      onLeft: (client, silent, time) => hear(`left ${client}${silent ? ' silent' : ''}`, time),
      isFull: () => this.full,
      onDrain: () => hear('room'),
      onWarning: ({ code }) => hear(`warn ${code}`),
      onOutage: ({ code }) => hear(`away ${code}`),
      onReconnect: () => hear('back'),
      onLost: ({ code }) => hear(`lost ${code}`),
    };
    log.read(reader);
    afterwards(() => within(log.destroy(), 'the end of a log'));
  }

  append(...events: LogEvent[]): void {
    for (const event of events) this.log.append(event);
  }

  /** Waits for an entry, of which the first 200 characters count. */
  until(entry: string): Promise<void> {
    return this.told.until(`${entry.slice(0, 200)}\n`);
  }

  /** What everybody reads of the room: not what is one's own matter. */
  get said(): string[] {
    return this.heard.filter((entry) => /^(arrived|lines|left)/.test(entry));
  }
}

/**
 * What every log has to do, whatever it is made of.
 *
 * @param makeLog a log of a new room, each time
 * @param joinLog another log of the same room, where a room can be shared
 */
export function logSpec(
  makeLog: () => Promise<EventLog>,
  joinLog?: (log: EventLog) => Promise<EventLog>,
): void {
  const arrive = async (readings: Readings, token: number): Promise<number> => {
    readings.append({ kind: 'connected', token });
    await readings.told.until((bytes) => bytes.includes(`given ${token} `));
    return readings.ids.get(token) as number;
  };

  it('gives ids from 0, densely, in the order of arrival, and tells whose each is before anything of that client', async () => {
    const readings = new Readings(await makeLog());
    for (let token = 100; token < 130; token++) readings.append({ kind: 'connected', token });
    await readings.until('arrived 29 first');
    expect(readings.heard).to.deep.equal(
      Array.from({ length: 30 }, (_, id) => [`given ${100 + id} ${id}`, `arrived ${id} first`]).flat(),
    );
  });

  it('gives back what is appended: once, in its order, and not after its client has left', async () => {
    const readings = new Readings(await makeLog());
    const client = await arrive(readings, 0);
    const lines = Array.from({ length: 2000 }, (_, i) => `line ${i}${'!'.repeat(i % 7)}`);
    readings.append(
      ...lines.map((bytes): LogEvent => ({ kind: 'lines', client, bytes })),
      { kind: 'left', client },
      { kind: 'lines', client, bytes: 'too late' },
      { kind: 'left', client },
      { kind: 'lines', client: 77, bytes: 'nobody' },
    );
    const other = await arrive(readings, 1);
    expect(other).to.equal(1);
    await readings.until('arrived 1 first');
    expect(readings.said).to.deep.equal([
      'arrived 0 first',
      ...lines.map((bytes) => `lines 0 ${bytes}`),
      'left 0',
      'arrived 1 first',
    ]);
  });

  it('keeps each byte: all there are, empty lines, and a line of ten million bytes in one piece', async () => {
    const readings = new Readings(await makeLog());
    const client = await arrive(readings, 0);
    const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    const long = 'abcdefghij'.repeat(1_000_000);
    readings.append({ kind: 'lines', client, bytes: all }, { kind: 'lines', client, bytes: '' });
    readings.append(
      { kind: 'lines', client, bytes: `first\n${long}\nlast` },
      { kind: 'lines', client, bytes: 'end' },
    );
    await readings.until('lines 0 end');
    const bytes = readings.said
      .slice(1)
      .map((entry) => `${entry.slice('lines 0 '.length)}\n`)
      .join('');
    expect(bytes === `${all}\n\nfirst\n${long}\nlast\nend\n`).to.equal(true);
  });

  it('lets a client arrive in silence, join in silence, and be announced after that, or never', async () => {
    const readings = new Readings(await makeLog());
    readings.append(
      { kind: 'connected', token: 0, silent: true },
      { kind: 'connected', token: 1, silent: true },
    );
    await readings.until('given 1 1');
    readings.append(
      { kind: 'joined', client: 1, silent: true },
      { kind: 'joined', client: 0 },
      { kind: 'joined', client: 1, silent: true },
      { kind: 'joined', client: 1 },
      { kind: 'joined', client: 1 },
      { kind: 'left', client: 0, silent: true },
      { kind: 'left', client: 1 },
    );
    await readings.until('left 1');
    expect(readings.said).to.deep.equal([
      'arrived 1 silent first',
      'arrived 0 first',
      'arrived 1',
      'left 0 silent',
      'left 1',
    ]);
  });

  it('has been read to its end when it is closed, and gives nothing more when it is destroyed', async () => {
    const readings = new Readings(await makeLog());
    const client = await arrive(readings, 0);
    for (let i = 0; i < 100; i++) readings.append({ kind: 'lines', client, bytes: `${i}` });
    await within(readings.log.close(), 'the end');
    expect(readings.said.filter((entry) => entry.startsWith('lines')).at(-1)).to.equal('lines 0 99');
    await readings.log.destroy();
    const { length } = readings.heard;
    readings.append({ kind: 'connected', token: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(readings.heard).to.have.length(length);
  });

  if (joinLog === undefined) return;

  it('is the same for all who share it, from where they came in', async () => {
    const first = new Readings(await makeLog());
    const second = new Readings(await joinLog(first.log));
    const [a, b] = await Promise.all([arrive(first, 0), arrive(second, 0)]);
    expect([a, b].sort()).to.deep.equal([0, 1]);
    for (let i = 0; i < 300; i++) {
      first.append({ kind: 'lines', client: a, bytes: `a ${i}` });
      second.append({ kind: 'lines', client: b, bytes: `b ${i}` });
      // Nobody speaks for another's client.
      first.append({ kind: 'lines', client: b, bytes: 'forged' }, { kind: 'left', client: b });
      if (i % 10 === 0) await first.until(`lines ${b} b ${i}`);
    }
    const third = new Readings(await joinLog(first.log));
    const c = await arrive(third, 0);
    expect(c).to.equal(2);
    first.append({ kind: 'left', client: a });
    second.append({ kind: 'left', client: b });
    for (const readings of [first, second, third]) {
      await readings.until(`left ${a}`);
      await readings.until(`left ${b}`);
    }
    expect(second.said).to.deep.equal(first.said);
    expect(third.said).to.deep.equal(first.said.slice(first.said.length - third.said.length));
    for (const [client, name] of [
      [a, 'a'],
      [b, 'b'],
    ] as const) {
      const lines = first.said.filter((entry) => entry.startsWith(`lines ${client} `));
      expect(lines).to.deep.equal(Array.from({ length: 300 }, (_, i) => `lines ${client} ${name} ${i}`));
    }
  });

  it('puts nothing of another between the pieces of a long line', async () => {
    const first = new Readings(await makeLog());
    const second = new Readings(await joinLog(first.log));
    const [a, b] = await Promise.all([arrive(first, 0), arrive(second, 0)]);
    const long = 'x'.repeat(5_000_000);
    first.append({ kind: 'lines', client: a, bytes: long }, { kind: 'lines', client: a, bytes: 'done' });
    for (let i = 0; !second.heard.includes(`lines ${a} done`); i++) {
      second.append({ kind: 'lines', client: b, bytes: `b ${i}` });
      await second.until(`lines ${b} b ${i}`);
    }
    second.append({ kind: 'left', client: b });
    await Promise.all([first.until(`left ${b}`), second.until(`left ${b}`)]);
    expect(second.said.filter((entry) => entry.length > 1000)).to.deep.equal([`lines ${a} ${long}`]);
    expect(first.said).to.deep.equal(second.said);
  });

  it('has all clients of one who closes it leave, in the order of their ids, announced only if their arrival was', async () => {
    const first = new Readings(await makeLog());
    const second = new Readings(await joinLog(first.log));
    first.append({ kind: 'connected', token: 0 }, { kind: 'connected', token: 1, silent: true });
    first.append({ kind: 'connected', token: 2 });
    await second.until('arrived 2 first');
    await within(first.log.close(), 'the end');
    await second.until('left 2');
    expect(second.said.slice(-3)).to.deep.equal(['left 0', 'left 1 silent', 'left 2']);
    expect(await arrive(second, 0)).to.equal(3);
  });

  it('waits for who reads it, and goes on where it was', async () => {
    const first = new Readings(await makeLog());
    const second = new Readings(await joinLog(first.log));
    const client = await arrive(first, 0);
    await second.until(`arrived ${client} first`);
    second.full = true;
    for (let i = 0; i < 200; i++) {
      first.append({ kind: 'lines', client, bytes: `${i}` });
      if (i % 10 === 0) await first.until(`lines ${client} ${i}`);
    }
    await first.until(`lines ${client} 199`);
    // What is said after it is full is still told once: it may be found full only then.
    expect(second.said.length).to.be.at.most(2 + 10);
    second.full = false;
    second.log.resume();
    await second.until(`lines ${client} 199`);
    expect(second.said).to.deep.equal(first.said);
  });
}
