import { expect } from 'chai';
import fc from 'fast-check';
import type { LogEvent, LogRecord, RoomStateReader } from '../../lib/room/event-log.js';
import { RoomState } from '../../lib/room/room-state.js';
import { restoreRoomState, saveRoomState } from '../../lib/room/room-state-data.js';
import { checkProperty } from '../support/property.js';

/** Records everything that a room state reports, one entry each. */
function recorder(): RoomStateReader & { readonly entries: string[] } {
  const entries: string[] = [];
  return {
    entries,
    onIdAssigned: (token, client) => entries.push(`id ${token} ${client}`),
    onJoined: (client, silent, first) =>
      entries.push(`joined ${client}${silent ? ' silent' : ''}${first ? '' : ' again'}`),
    onLines: (client, bytes) => entries.push(`${client}: ${bytes}`),
    onLeft: (client, silent) => entries.push(`left ${client}${silent ? ' silent' : ''}`),
  };
}

const connected: LogEvent = { kind: 'connected', token: 0 };
const silently: LogEvent = { kind: 'connected', token: 1, silent: true };
const lines = (client: number, bytes: string): LogEvent => ({ kind: 'lines', client, bytes });
const part = (client: number, bytes: string): LogEvent => ({ kind: 'part', client, bytes });
const left = (client: number): LogEvent => ({ kind: 'left', client });
const down = (instanceId: string): LogEvent => ({ kind: 'down', instanceId });

type Records = readonly (readonly [instanceId: string, number: number, ...events: LogEvent[]])[];

function toRecords(records: Records): LogRecord[] {
  return records.map(([instanceId, number, ...events]) => ({ instanceId, number, events }));
}

/** Applies records to an empty room and returns what is reported to the relay `own`. */
function apply(records: Records, own = ''): string[] {
  const state = new RoomState();
  const reader = recorder();
  for (const [i, record] of toRecords(records).entries()) state.apply(record, reader, own, i + 1);
  return reader.entries;
}

/** Applies the first `count` records, and restores what a snapshot of that moment and the records again give. */
function restart(records: readonly LogRecord[], count: number): { whole: RoomState; restored: RoomState } {
  const whole = new RoomState();
  for (const [i, record] of records.slice(0, count).entries()) whole.apply(record, recorder(), 'a', i + 1);
  const restored = restoreRoomState(JSON.parse(JSON.stringify(saveRoomState(whole))));
  const from = restored.firstUnfinishedSequence ?? count + 1;
  for (const [i, record] of records.slice(from - 1, count).entries()) restored.reread(record, from + i);
  return { whole, restored };
}

describe('RoomState', () => {
  it('counts the connections of all relays, and reports ids only to the relay that requested them', () => {
    const entries = apply(
      [
        ['a', 0, connected],
        ['b', 0, connected, connected],
        ['a', 1, connected],
      ],
      'a',
    );
    expect(entries).to.deep.equal(['id 0 0', 'joined 0', 'joined 1', 'joined 2', 'id 0 3', 'joined 3']);
  });

  it('drops repeated records, and records of an unknown instance whose number is not 0', () => {
    const record = ['a', 1, lines(0, 'once')] as const;
    const entries = apply([
      ['a', 0, connected],
      record,
      ['b', 0, connected],
      record,
      ['a', 0, connected],
      ['c', 1, connected],
    ]);
    expect(entries).to.deep.equal(['joined 0', '0: once', 'joined 1']);
  });

  it('ends the clients of an instance that is down once, by id, and drops its later records', () => {
    const entries = apply([
      ['a', 0, connected, silently, connected],
      ['b', 0, connected, down('a'), lines(3, 'still here')],
      ['c', 0, down('a'), down('unknown')],
      ['a', 1, lines(0, 'too late'), connected],
      ['a', 0, connected],
    ]);
    expect(entries.slice(3)).to.deep.equal(['left 0', 'left 1 silent', 'left 2', '3: still here']);
    expect(entries).to.have.length(7);
  });

  it('drops the rest of a record after its own instance is down', () => {
    const entries = apply([['a', 0, connected, down('a'), connected, lines(0, 'too late')]]);
    expect(entries).to.deep.equal(['joined 0', 'left 0']);
  });

  it('drops events for clients of other relays and for clients that have left', () => {
    const entries = apply([
      ['a', 0, connected],
      ['b', 0, lines(0, 'forged'), left(0), { kind: 'joined', client: 0 }],
      ['a', 1, left(0), lines(0, 'late'), left(0)],
    ]);
    expect(entries).to.deep.equal(['joined 0', 'left 0']);
  });

  it('reports a line of several records when it is complete', () => {
    const entries = apply([
      ['a', 0, connected],
      ['b', 0, connected],
      ['a', 1, part(0, 'be')],
      ['b', 1, lines(1, 'between')],
      ['a', 2, part(0, 'gin')],
      ['a', 2, part(0, 'gin')],
      ['a', 3, lines(0, 'ning\nnext')],
      ['a', 4, part(0, 'never completed'), left(0)],
    ]);
    expect(entries.slice(2)).to.deep.equal(['1: between', '0: beginning\nnext', 'left 0']);
  });

  it('returns how many records of the instance are missing, and undefined for a repetition', () => {
    const state = new RoomState();
    const missing = [0, 1, 4, 3, 5].map((number) =>
      state.apply({ instanceId: 'a', number, events: [] }, recorder(), '', 1),
    );
    expect(missing).to.deep.equal([0, 0, 2, undefined, 0]);
  });

  it('forgets instances that ended long ago, and still drops their records', () => {
    const state = new RoomState();
    const reader = recorder();
    for (let i = 0; i < 1200; i++) {
      const id = `instance ${i}`;
      state.apply({ instanceId: id, number: 0, events: [connected, down(id)] }, reader, '', i + 1);
    }
    expect(saveRoomState(state).dead).to.have.length(1000);
    const { length } = reader.entries;
    for (const id of ['instance 0', 'instance 1199']) {
      state.apply({ instanceId: id, number: 1, events: [connected] }, reader, '', 1201);
    }
    expect(reader.entries).to.have.length(length);
  });

  // Such a log results if an engine loses record 2 and stores its repetition after record 3. All relays drop the
  // repetition, so a relay that reads the log again must do the same.
  it('does not take a part after a restart from a record that it dropped before', () => {
    const records = toRecords([
      ['a', 0, connected],
      ['a', 1, part(0, 'start ')],
      ['a', 3],
      ['a', 2, part(0, 'dropped ')],
      ['a', 4, part(0, 'middle ')],
    ]);
    const { whole, restored } = restart(records, records.length);
    for (const state of [whole, restored]) {
      const reader = recorder();
      state.apply({ instanceId: 'a', number: 5, events: [lines(0, 'end')] }, reader, '', 6);
      expect(reader.entries).to.deep.equal(['0: start middle end']);
    }
  });

  it('does not take a part after a restart that belongs to an earlier line of the same record', () => {
    const records = toRecords([
      ['a', 0, connected],
      ['a', 1, part(0, 'one '), lines(0, 'line'), part(0, 'another ')],
    ]);
    const { restored } = restart(records, records.length);
    const reader = recorder();
    restored.apply({ instanceId: 'a', number: 2, events: [lines(0, 'line')] }, reader, '', 3);
    expect(reader.entries).to.deep.equal(['0: another line']);
  });

  it('continues from a snapshot as if it had read the whole log', async () => {
    const instanceId = fc.constantFrom('a', 'b', 'c', 'd');
    const client = fc.nat(9);
    const event: fc.Arbitrary<LogEvent> = fc.oneof(
      fc.record({ kind: fc.constant('connected' as const), token: fc.nat(9), silent: fc.boolean() }),
      fc.record({ kind: fc.constant('joined' as const), client, silent: fc.boolean() }),
      fc.record({ kind: fc.constant('lines' as const), client, bytes: fc.string() }),
      fc.record({ kind: fc.constant('part' as const), client, bytes: fc.string() }),
      fc.record({ kind: fc.constant('left' as const), client, silent: fc.boolean() }),
      fc.record({ kind: fc.constant('down' as const), instanceId }),
    );
    const repeats = fc.constantFrom(false, false, false, true);
    // A repeated number has other events here than before, which no engine does. Even so all relays must agree.
    const step = fc.record({ instanceId, events: fc.array(event, { maxLength: 4 }), repeats });
    const steps = fc.array(step, { size: 'max', maxLength: 60 });
    await checkProperty(
      'room/room-state',
      500,
      fc.property(steps, fc.nat(60), (chosen, count) => {
        const records = numberRecords(chosen);
        const snapshotAt = Math.min(count, records.length);
        const { whole, restored } = restart(records, snapshotAt);
        const [expected, actual] = [recorder(), recorder()];
        for (const [i, record] of records.slice(snapshotAt).entries()) {
          whole.apply(record, expected, 'a', snapshotAt + i + 1);
          restored.apply(record, actual, 'a', snapshotAt + i + 1);
        }
        expect(actual.entries).to.deep.equal(expected.entries);
        expect(saveRoomState(restored)).to.deep.equal(saveRoomState(whole));
      }),
    );
  });
});

interface Step {
  readonly instanceId: string;
  readonly events: readonly LogEvent[];
  readonly repeats: boolean;
}

/** Gives each record the next number of its instance, or repeats the last one. */
function numberRecords(steps: readonly Step[]): LogRecord[] {
  const numbers = new Map<string, number>();
  const model = new RoomState();
  return steps.map(({ instanceId, events, repeats }, i) => {
    const number = Math.max(0, (numbers.get(instanceId) ?? -1) + (repeats ? 0 : 1));
    numbers.set(instanceId, number);
    // A relay names only clients whose ids it has read.
    const { nextId } = model;
    const possible = events.filter((event) => !('client' in event) || event.client < nextId);
    const record = { instanceId, number, events: possible };
    model.apply(record, recorder(), '', i + 1);
    return record;
  });
}
