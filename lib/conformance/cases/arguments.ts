import type { Case } from '../case.js';
import { Failure, Skip } from '../failure.js';
import { holdPort, listenErrorCode } from '../ports.js';
import type { Room } from '../room.js';
import { START_TIMEOUTS } from '../server.js';
import { runToEnd } from '../start.js';

const WRONG_NUMBER = 'Wrong number of arguments\n';
const FATAL = 'Fatal error\n';

/** Runs the command with these arguments; expects this text on standard error and exit code 1. */
async function expectRefusal(room: Room, args: readonly string[], stderr: string): Promise<void> {
  const shown = args.map((arg) => (/^[\w.-]+$/.test(arg) ? arg : JSON.stringify(arg))).join(' ');
  room.timeline.add(
    undefined,
    args.length === 0 ? 'the command runs without an argument' : `the command runs with ${shown}`,
  );
  const exit = await runToEnd([...room.command, ...args], room.clock);
  if (exit === 'listening') throw new Failure({ what: 'it listens on a port, but should have ended' });
  if (exit === 'running') {
    throw new Failure({
      what: `it is still running after ${START_TIMEOUTS * room.clock.timeoutMs} ms, but should have ended`,
      isTimeout: true,
    });
  }
  if (exit.error !== undefined) throw exit.error;
  if (exit.signal !== null) throw new Failure({ what: 'it was ended by a signal', exit });
  const expected = Buffer.from(stderr);
  if (!exit.stderr.equals(expected)) {
    throw new Failure({ what: 'the text on standard error is wrong', expected, received: exit.stderr });
  }
  if (exit.code !== 1) throw new Failure({ what: `the exit code should be 1, and is ${exit.code}` });
}

const INVALID_PORTS = ['abc', '', '70000', '65536', '-1', '42x', '4.5', '0x50', '99999999999', '1e3', ' '];

export const ARGUMENTS: readonly Case[] = [
  {
    name: 'no-argument',
    rank: 'subject',
    title: 'without an argument, it prints an error and exits with 1',
    paragraph: 'arguments',
    hint: 'The text must match letter by letter. Write it to standard error (2), with one \\n at the end, and call exit(1).',
    run: (room) => expectRefusal(room, [], WRONG_NUMBER),
  },
  {
    name: 'port-in-use',
    rank: 'exam',
    title: 'a port in use is a fatal error, and the server that uses it keeps running',
    paragraph: 'fatal',
    hint: 'Check the return values of bind and listen. On an error, write "Fatal error\\n" to standard error and call exit(1).',
    async run(room) {
      const holder = await holdPort();
      try {
        await expectRefusal(room, [`${holder.port}`], FATAL);
      } finally {
        await holder.close();
        hidePort(room, holder.port);
      }
      const a = await room.join();
      await expectRefusal(room, [`${room.server.port}`], FATAL);
      hidePort(room, room.server.port);
      const b = await room.join();
      await room.sendLine(b, 'still here');
      await room.sendLine(a, 'me too');
    },
  },
  {
    name: 'too-many-arguments',
    rank: 'beyond',
    title: 'with more than one argument, it prints the same error as with none',
    paragraph: 'arguments',
    hint: 'Check argc != 2 instead of argc == 1.',
    async run(room) {
      for (const args of [
        ['4242', '4243'],
        ['4242', ''],
        ['a', 'b', 'c'],
      ]) {
        await expectRefusal(room, args, WRONG_NUMBER);
      }
    },
  },
  {
    name: 'no-port',
    rank: 'beyond',
    title: 'an invalid port is a fatal error',
    paragraph: 'fatal',
    hint: 'atoi returns 0 for text that is not a number, and bind then takes any free port. Check the argument before.',
    async run(room) {
      for (const port of INVALID_PORTS) await expectRefusal(room, [port], FATAL);
    },
  },
  {
    name: 'forbidden-port',
    rank: 'beyond',
    title: 'a port that needs root rights is a fatal error',
    paragraph: 'fatal',
    hint: 'Check the return value of bind.',
    async run(room) {
      if ((await listenErrorCode(1)) !== 'EACCES') {
        throw new Skip('this user may use any port (root, or in a container)');
      }
      await expectRefusal(room, ['1'], FATAL);
    },
  },
];

/** Replaces the port in the timeline, so that the report is the same in each run. */
function hidePort({ timeline }: Room, port: number): void {
  for (const [i, step] of timeline.steps.entries()) {
    const action = step.action.replaceAll(`${port}`, 'a port that is in use');
    timeline.steps[i] = { ...step, action };
  }
}
