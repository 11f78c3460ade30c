import { expect } from 'chai';
import { Model, type Receiver } from '../../../lib/conformance/random/model.js';

/** Returns the model of a room with this many clients, all of which are certainly accepted. */
function roomOf(clients: number): Model {
  const model = new Model();
  for (let i = 0; i < clients; i++) {
    model.connect();
    for (const reader of model.readers()) takeAll(reader);
    model.endRound();
  }
  return model;
}

function takeAll(reader: Receiver): void {
  for (const line of reader.missing) expect(reader.take(line), line.toString()).to.equal(true);
}

function readerOf(model: Model, id: number): Receiver {
  const reader = model.readers().find((one) => one.id === id);
  if (reader === undefined) throw new Error(`client ${id} does not read`);
  return reader;
}

/** Returns whether a client may receive these lines, and whether it then has all of them. */
function outcome(model: Model, id: number, lines: readonly string[]): 'rejected' | 'incomplete' | 'complete' {
  const reader = readerOf(model, id);
  for (const line of lines) if (!reader.take(Buffer.from(`${line}\n`))) return 'rejected';
  return reader.senders === 0 ? 'complete' : 'incomplete';
}

const send = (model: Model, id: number, text: string): void => model.send(id, Buffer.from(text));

describe('the model of random sessions', () => {
  it('expects the lines of a client at all others, in order, and not at the client itself', () => {
    const lines = ['client 0: a', 'client 0: b'];
    const model = (): Model => {
      const one = roomOf(3);
      send(one, 0, 'a\nb\n');
      return one;
    };
    expect(outcome(model(), 1, lines)).to.equal('complete');
    expect(outcome(model(), 2, [...lines].reverse())).to.equal('rejected');
    expect(outcome(model(), 1, lines.slice(0, 1))).to.equal('incomplete');
    expect(outcome(model(), 1, [...lines, 'client 0: b'])).to.equal('rejected');
    expect(outcome(model(), 0, [])).to.equal('complete');
    expect(outcome(model(), 0, lines)).to.equal('rejected');
    expect(outcome(model(), 1, ['client 9: a'])).to.equal('rejected');
    expect(outcome(model(), 1, ['a'])).to.equal('rejected');
  });

  it('accepts lines of two clients that send at the same time in any order', () => {
    for (const lines of [
      ['client 0: a', 'client 1: b'],
      ['client 1: b', 'client 0: a'],
    ]) {
      const model = roomOf(3);
      send(model, 0, 'a\n');
      send(model, 1, 'b\n');
      expect(outcome(model, 2, lines)).to.equal('complete');
    }
  });

  it('rejects the wrong order of lines if the second was sent after a client had received the first', () => {
    for (const [lines, expected] of [
      [['client 1: b'], 'rejected'],
      [['client 0: a', 'client 1: b'], 'complete'],
    ] as const) {
      const model = roomOf(3);
      model.setReading(2, false);
      send(model, 0, 'a\n');
      takeAll(readerOf(model, 1));
      model.endRound();
      send(model, 1, 'b\n');
      model.setReading(2, true);
      expect(outcome(model, 2, lines)).to.equal(expected);
    }
  });

  it('joins the pieces of a line, and drops an unfinished line when its client leaves', () => {
    const model = roomOf(2);
    send(model, 0, 'he');
    expect(outcome(model, 1, [])).to.equal('complete');
    expect(model.isUnread(0)).to.equal(true);
    send(model, 0, 'llo\nunfinished');
    model.leave(0, false);
    expect(outcome(model, 1, ['client 0: hello', 'server: client 0 just left'])).to.equal('complete');
  });

  it('accepts that a new client receives lines that were sent while it connected, or only the last of them', () => {
    const model = (): Model => {
      const one = roomOf(2);
      one.connect();
      send(one, 0, 'a\nb\n');
      return one;
    };
    for (const lines of [[], ['client 0: b'], ['client 0: a', 'client 0: b']]) {
      expect(outcome(model(), 2, lines)).to.equal('complete');
    }
    expect(outcome(model(), 2, ['client 0: a'])).to.equal('incomplete');
  });

  it('rejects that a new client receives a line from before', () => {
    const model = roomOf(2);
    send(model, 0, 'before\n');
    takeAll(readerOf(model, 1));
    model.endRound();
    model.connect();
    expect(outcome(model, 2, ['client 0: before'])).to.equal('rejected');
    expect(outcome(model, 1, ['server: client 2 just arrived'])).to.equal('complete');
  });

  it('accepts a line from before if no client has received it', () => {
    for (const lines of [['client 0: later'], ['client 0: alone', 'client 0: later']]) {
      const model = roomOf(1);
      send(model, 0, 'alone\n');
      model.endRound();
      model.connect();
      takeAll(readerOf(model, 0));
      expect(outcome(model, 1, [])).to.equal('complete');
      model.endRound();
      send(model, 0, 'later\n');
      expect(outcome(model, 1, [])).to.equal('incomplete');
      expect(outcome(model, 1, lines)).to.equal('complete');
    }
  });

  it('accepts that lines which were sent right before a reset are lost, from some line on', () => {
    const left = 'server: client 0 just left';
    const model = (): Model => {
      const one = roomOf(2);
      send(one, 0, 'a\nb\n');
      one.leave(0, true);
      return one;
    };
    for (const lines of [[left], ['client 0: a', left], ['client 0: a', 'client 0: b', left]]) {
      expect(outcome(model(), 1, lines)).to.equal('complete');
    }
    expect(outcome(model(), 1, ['client 0: b', left])).to.equal('rejected');
    expect(outcome(model(), 1, ['client 0: a', 'client 0: b'])).to.equal('incomplete');
  });

  it('rejects that a line is lost before a FIN, or before a reset if a client has received it', () => {
    const afterFin = roomOf(2);
    send(afterFin, 0, 'a\n');
    afterFin.leave(0, false);
    expect(outcome(afterFin, 1, ['server: client 0 just left'])).to.equal('rejected');
    const afterReset = roomOf(3);
    afterReset.setReading(2, false);
    send(afterReset, 0, 'a\n');
    takeAll(readerOf(afterReset, 1));
    afterReset.endRound();
    afterReset.leave(0, true);
    afterReset.setReading(2, true);
    expect(outcome(afterReset, 2, ['server: client 0 just left'])).to.equal('rejected');
  });

  it('tolerates once that a client that was given up is disconnected', () => {
    const model = roomOf(3);
    model.giveUp(2);
    send(model, 0, 'a\n');
    expect(outcome(model, 1, ['client 0: a'])).to.equal('complete');
    expect(outcome(model, 1, ['server: client 2 just left'])).to.equal('complete');
    expect(outcome(model, 1, ['server: client 2 just left'])).to.equal('rejected');
    expect(model.readers().map(({ id }) => id)).to.deep.equal([0, 1]);
  });
});
