import type { Socket } from 'node:net';
import { expect } from 'chai';
import { buildNative } from '../../bench/build.js';
import { runLoad } from '../support/load.js';
import { takePort } from '../support/ports.js';
import { describeWith } from '../support/tools.js';

const CLIENTS = 20;
/** Ids of clients that arrive in the storm that is measured: two clients were there before the first storm. */
const [SOME_ID, NEXT_ID] = [2 + CLIENTS + 5, 2 + CLIENTS + 6];

/** A mistake of a relay. Each function returns the values that replace the right ones. */
interface Mistake {
  /** The ids in the notices of an arrival. */
  readonly notices?: (id: number) => number[];
  /** The ids of the clients that miss the notice of an arrival. */
  readonly missedBy?: (id: number) => number[];
  /** The number of times that the notice of a departure is sent. */
  readonly departures?: (id: number) => number;
  /** The lines of a client, as they arrive. */
  readonly lines?: (line: string) => string[];
  /** Whether a line is also sent to its sender. */
  readonly echoes?: boolean;
}

/** A relay that does what mini_serv does, except for its mistake. */
async function startRelay({
  notices = (id) => [id],
  missedBy = () => [],
  departures = () => 1,
  lines = (line) => [line],
  echoes = false,
}: Mistake): Promise<number> {
  const room = new Map<number, Socket>();
  let nextId = 0;
  const sendToAll = (text: string, except: readonly number[] = []): void => {
    for (const [id, socket] of room) if (!except.includes(id)) socket.write(text);
  };
  const { server, port } = await takePort();
  server.on('connection', (socket) => {
    socket.setNoDelay();
    const id = nextId++;
    let rest = '';
    for (const each of notices(id)) sendToAll(`server: client ${each} just arrived\n`, missedBy(id));
    room.set(id, socket);
    socket.on('error', () => {});
    socket.setEncoding('latin1').on('data', (text) => {
      const parts = `${rest}${text}`.split('\n');
      rest = parts.pop() as string;
      for (const line of parts.flatMap(lines)) sendToAll(`client ${id}: ${line}\n`, echoes ? [] : [id]);
    });
    socket.on('end', () => {
      room.delete(id);
      for (let i = departures(id); i > 0; i--) sendToAll(`server: client ${id} just left\n`);
    });
  });
  return port;
}

async function reportOf(mistake: Mistake): Promise<Record<string, unknown>> {
  return runLoad(await startRelay(mistake), '--clients', String(CLIENTS), 'arrivals');
}

/** Holds back every other line until the next one has been sent. Lines of words are those that fill the room. */
function swapPairs(): (line: string) => string[] {
  let held: string | undefined;
  return (line) => {
    if (!/^\d/.test(line)) return [line];
    const first = held;
    held = first === undefined ? line : undefined;
    return first === undefined ? [] : [line, first];
  };
}

const MISTAKES: readonly [what: string, mistake: Mistake, reason: RegExp][] = [
  [
    'doubles a notice',
    { notices: (id) => (id === SOME_ID ? [id, id] : [id]) },
    /expected "server: client 28/,
  ],
  ['skips a notice', { notices: (id) => (id === SOME_ID ? [] : [id]) }, /received .*, expected "server: cl/],
  [
    'gives an id twice',
    { notices: (id) => [id === NEXT_ID ? SOME_ID : id] },
    /received .*client 27 just arr/,
  ],
  [
    'does not notify one client of the next one',
    { missedBy: (id) => (id === NEXT_ID ? [SOME_ID] : []) },
    /it stalled: \d+ of 230 notices were delivered/,
  ],
  ['swaps lines', { lines: swapPairs() }, /received line \d+, expected line \d+/],
  [
    'loses a line',
    { lines: (line) => (line.startsWith('0 ') ? [] : [line]) },
    /received line 1, expected line 0/,
  ],
  ['alters a line', { lines: (line) => [/^\d/.test(line) ? 'other' : line] }, /altered a line: other/],
  ['echoes lines to their sender', { echoes: true }, /echoed a line to its sender/],
  [
    'doubles the notice of a departure',
    { departures: (id) => (id === 5 ? 2 : 1) },
    /received departures of other clients/,
  ],
];

describeWith(['cc', 'proc'], 'the load generator, when many clients connect at once', () => {
  before(buildNative);

  it('measures a relay that notifies every client of every later one, and delivers every line', async () => {
    const { seconds, p99, lines, disqualified } = await reportOf({});
    expect(disqualified).to.equal(undefined);
    expect(seconds).to.be.above(0);
    expect(p99).to.be.above(0);
    // The line that follows the storm is received by all but its sender.
    expect(lines).to.be.at.least(CLIENTS + 1);
  });

  for (const [what, mistake, reason] of MISTAKES) {
    it(`disqualifies a relay that ${what}`, async () => {
      expect((await reportOf(mistake)).disqualified).to.match(reason);
    });
  }
});
