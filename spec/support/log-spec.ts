import { expect } from 'chai';
import { toLatin1 } from '../../lib/protocol/message.js';
import type { EventLog, EventLogReader, LogEvent } from '../../lib/room/event-log.js';
import type { MiniServError } from '../../lib/util/errors.js';
import { addCleanup } from './cleanup.js';
import { Inbox } from './inbox.js';
import { within } from './waiting.js';

/** Entries of the inbox are shortened to this length: some lines have millions of characters. */
const MAX_ENTRY_LENGTH = 200;

/** Reads a log and records everything that it reports, one entry each. */
export class LogRecorder {
  readonly log: EventLog;
  readonly entries: string[] = [];
  readonly times: (number | undefined)[] = [];
  readonly idsByToken = new Map<number, number>();
  /** The entries, one line each. */
  readonly inbox = new Inbox();
  isFull = false;
  /** The error that ended the log. */
  lost: MiniServError | undefined;

  constructor(log: EventLog) {
    this.log = log;
    const record = (entry: string, time?: number): void => {
      this.entries.push(entry);
      this.times.push(time);
      this.inbox.push(Buffer.from(`${entry.slice(0, MAX_ENTRY_LENGTH)}\n`));
    };
    const reader: EventLogReader = {
      onIdAssigned: (token, client) => {
        this.idsByToken.set(token, client);
        record(`id ${token} ${client}`);
      },
      onJoined: (client, silent, first, time) =>
        record(`joined ${client}${silent ? ' silent' : ''}${first ? ' first' : ''}`, time),
      onLines: (client, bytes, time) => record(`lines ${client} ${toLatin1(bytes)}`, time),
      onLeft: (client, silent, time) => record(`left ${client}${silent ? ' silent' : ''}`, time),
      isFull: () => this.isFull,
      onDrain: () => record('drain'),
      onWarning: ({ code }) => record(`warning ${code}`),
      onOutage: ({ code }) => record(`outage ${code}`),
      onReconnect: () => record('reconnect'),
      onLost: (error) => {
        this.lost = error;
        record(`lost ${error.code}`);
      },
    };
    log.read(reader);
    addCleanup(() => within(log.destroy(), 'the end of a log'));
  }

  append(...events: LogEvent[]): void {
    for (const event of events) this.log.append(event);
  }

  /** Requests an id for a connection and waits for it. */
  async connect(token: number): Promise<number> {
    this.append({ kind: 'connected', token });
    await this.inbox.until((bytes) => bytes.includes(`id ${token} `));
    return this.idsByToken.get(token) as number;
  }

  /** Waits for an entry; only its first 200 characters count. */
  until(entry: string): Promise<void> {
    return this.inbox.until(`${entry.slice(0, MAX_ENTRY_LENGTH)}\n`);
  }

  /** Waits for the error that ends the log. */
  async untilLost(): Promise<MiniServError> {
    await this.inbox.until('lost ');
    return this.lost as MiniServError;
  }

  /** The entries that all relays of the room have in common. */
  get roomEntries(): string[] {
    return this.entries.filter((entry) => /^(joined|lines|left)/.test(entry));
  }
}

/**
 * The suite that every implementation of EventLog has to pass.
 *
 * @param createLog returns the log of a new room
 * @param joinLog returns another log of the same room, if rooms can be shared
 */
export function logSpec(
  createLog: () => Promise<EventLog>,
  joinLog?: (log: EventLog) => Promise<EventLog>,
): void {
  it('assigns ids from 0 in the order of the requests, before other events of the client', async () => {
    const recorder = new LogRecorder(await createLog());
    for (let token = 100; token < 130; token++) recorder.append({ kind: 'connected', token });
    await recorder.until('joined 29 first');
    expect(recorder.entries).to.deep.equal(
      Array.from({ length: 30 }, (_, id) => [`id ${100 + id} ${id}`, `joined ${id} first`]).flat(),
    );
  });

  it('reads each event once, in order, and drops events of clients that have left', async () => {
    const recorder = new LogRecorder(await createLog());
    const client = await recorder.connect(0);
    const lines = Array.from({ length: 2000 }, (_, i) => `line ${i}${'!'.repeat(i % 7)}`);
    recorder.append(
      ...lines.map((bytes): LogEvent => ({ kind: 'lines', client, bytes })),
      { kind: 'left', client },
      { kind: 'lines', client, bytes: 'too late' },
      { kind: 'left', client },
      { kind: 'lines', client: 77, bytes: 'unknown client' },
    );
    expect(await recorder.connect(1)).to.equal(1);
    await recorder.until('joined 1 first');
    expect(recorder.roomEntries).to.deep.equal([
      'joined 0 first',
      ...lines.map((bytes) => `lines 0 ${bytes}`),
      'left 0',
      'joined 1 first',
    ]);
  });

  it('keeps all byte values, empty lines and a line of ten million bytes', async () => {
    const recorder = new LogRecorder(await createLog());
    const client = await recorder.connect(0);
    const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    const long = 'abcdefghij'.repeat(1_000_000);
    recorder.append({ kind: 'lines', client, bytes: all }, { kind: 'lines', client, bytes: '' });
    recorder.append(
      { kind: 'lines', client, bytes: `first\n${long}\nlast` },
      { kind: 'lines', client, bytes: 'end' },
    );
    await recorder.until('lines 0 end');
    const bytes = recorder.roomEntries
      .slice(1)
      .map((entry) => `${entry.slice('lines 0 '.length)}\n`)
      .join('');
    expect(bytes === `${all}\n\nfirst\n${long}\nlast\nend\n`).to.equal(true);
  });

  it('lets a client connect and join silently, and announces it later or never', async () => {
    const recorder = new LogRecorder(await createLog());
    recorder.append({ kind: 'connected', token: 0, silent: true });
    recorder.append({ kind: 'connected', token: 1, silent: true });
    await recorder.until('id 1 1');
    recorder.append(
      { kind: 'joined', client: 1, silent: true },
      { kind: 'joined', client: 0 },
      { kind: 'joined', client: 1, silent: true },
      { kind: 'joined', client: 1 },
      { kind: 'joined', client: 1 },
      { kind: 'left', client: 0, silent: true },
      { kind: 'left', client: 1 },
    );
    await recorder.until('left 1');
    expect(recorder.roomEntries).to.deep.equal([
      'joined 1 silent first',
      'joined 0 first',
      'joined 1',
      'left 0 silent',
      'left 1',
    ]);
  });

  it('has read everything when close() resolves, and reads nothing after destroy()', async () => {
    const recorder = new LogRecorder(await createLog());
    const client = await recorder.connect(0);
    for (let i = 0; i < 100; i++) recorder.append({ kind: 'lines', client, bytes: `${i}` });
    await within(recorder.log.close(), 'close()');
    const lines = recorder.roomEntries.filter((entry) => entry.startsWith('lines'));
    expect(lines.at(-1)).to.equal('lines 0 99');
    await recorder.log.destroy();
    const { length } = recorder.entries;
    recorder.append({ kind: 'connected', token: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(recorder.entries).to.have.length(length);
  });

  if (joinLog !== undefined) sharedLogSpec(createLog, joinLog);
}

function sharedLogSpec(
  createLog: () => Promise<EventLog>,
  joinLog: (log: EventLog) => Promise<EventLog>,
): void {
  it('has the same order for all relays, and drops events for clients of other relays', async () => {
    const first = new LogRecorder(await createLog());
    const second = new LogRecorder(await joinLog(first.log));
    const [a, b] = await Promise.all([first.connect(0), second.connect(0)]);
    expect([a, b].sort()).to.deep.equal([0, 1]);
    for (let i = 0; i < 300; i++) {
      first.append({ kind: 'lines', client: a, bytes: `a ${i}` });
      second.append({ kind: 'lines', client: b, bytes: `b ${i}` });
      first.append({ kind: 'lines', client: b, bytes: 'forged' }, { kind: 'left', client: b });
      if (i % 10 === 0) await first.until(`lines ${b} b ${i}`);
    }
    const third = new LogRecorder(await joinLog(first.log));
    expect(await third.connect(0)).to.equal(2);
    first.append({ kind: 'left', client: a });
    second.append({ kind: 'left', client: b });
    for (const recorder of [first, second, third]) {
      await recorder.until(`left ${a}`);
      await recorder.until(`left ${b}`);
    }
    expect(second.roomEntries).to.deep.equal(first.roomEntries);
    expect(third.roomEntries).to.deep.equal(first.roomEntries.slice(-third.roomEntries.length));
    for (const [client, name] of [
      [a, 'a'],
      [b, 'b'],
    ] as const) {
      const lines = first.roomEntries.filter((entry) => entry.startsWith(`lines ${client} `));
      expect(lines).to.deep.equal(Array.from({ length: 300 }, (_, i) => `lines ${client} ${name} ${i}`));
    }
  });

  it('reports a line of several records as a whole while other clients send', async () => {
    const first = new LogRecorder(await createLog());
    const second = new LogRecorder(await joinLog(first.log));
    const [a, b] = await Promise.all([first.connect(0), second.connect(0)]);
    const long = 'x'.repeat(5_000_000);
    first.append({ kind: 'lines', client: a, bytes: long }, { kind: 'lines', client: a, bytes: 'done' });
    for (let i = 0; !second.entries.includes(`lines ${a} done`); i++) {
      second.append({ kind: 'lines', client: b, bytes: `b ${i}` });
      await second.until(`lines ${b} b ${i}`);
    }
    second.append({ kind: 'left', client: b });
    await Promise.all([first.until(`left ${b}`), second.until(`left ${b}`)]);
    const longEntries = second.roomEntries.filter((entry) => entry.length > 1000);
    expect(longEntries).to.deep.equal([`lines ${a} ${long}`]);
    expect(first.roomEntries).to.deep.equal(second.roomEntries);
  });

  it('ends the clients of a relay that closes, by id, with a notice for those that were announced', async () => {
    const first = new LogRecorder(await createLog());
    const second = new LogRecorder(await joinLog(first.log));
    first.append({ kind: 'connected', token: 0 }, { kind: 'connected', token: 1, silent: true });
    first.append({ kind: 'connected', token: 2 });
    await second.until('joined 2 first');
    await within(first.log.close(), 'close()');
    await second.until('left 2');
    expect(second.roomEntries.slice(-3)).to.deep.equal(['left 0', 'left 1 silent', 'left 2']);
    expect(await second.connect(0)).to.equal(3);
  });

  it('waits for a full reader and continues where it stopped', async () => {
    const first = new LogRecorder(await createLog());
    const second = new LogRecorder(await joinLog(first.log));
    const client = await first.connect(0);
    await second.until(`joined ${client} first`);
    second.isFull = true;
    for (let i = 0; i < 200; i++) {
      first.append({ kind: 'lines', client, bytes: `${i}` });
      if (i % 10 === 0) await first.until(`lines ${client} ${i}`);
    }
    await first.until(`lines ${client} 199`);
    // The log asks after each record whether the reader is full, so one record of at most ten lines is still read.
    expect(second.roomEntries.length).to.be.at.most(2 + 10);
    second.isFull = false;
    second.log.resume();
    await second.until(`lines ${client} 199`);
    expect(second.roomEntries).to.deep.equal(first.roomEntries);
  });
}
