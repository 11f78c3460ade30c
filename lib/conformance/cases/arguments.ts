import type { Case } from '../case.js';
import { Failure, LeftOut } from '../failure.js';
import { holdPort, refusal } from '../ports.js';
import type { Room } from '../room.js';
import { runToEnd, START } from '../server.js';

const WRONG = 'Wrong number of arguments\n';
const FATAL = 'Fatal error\n';

/** Run with these arguments, the command writes this on standard error, and exits with 1. */
async function refuses(room: Room, args: readonly string[], stderr: string): Promise<void> {
  const shown = args.map((arg) => (/^[\w.-]+$/.test(arg) ? arg : JSON.stringify(arg))).join(' ');
  room.timeline.add(
    undefined,
    args.length === 0 ? 'it is run without an argument' : `it is run with ${shown}`,
  );
  const end = await runToEnd([...room.command, ...args], room.patience.ms);
  if (end === undefined) {
    throw new Failure({
      what: `it still runs after ${START * room.patience.ms} ms: it should have ended`,
      late: true,
    });
  }
  if (end.error !== undefined) throw end.error;
  if (end.signal !== null) throw new Failure({ what: 'it died', exit: end });
  const expected = Buffer.from(stderr);
  if (!end.stderr.equals(expected)) {
    throw new Failure({ what: 'standard error is not as it should be', expected, came: end.stderr });
  }
  if (end.code !== 1) throw new Failure({ what: `it exits with ${end.code}, not with 1` });
}

const NO_PORTS = ['abc', '', '70000', '65536', '-1', '42x', '4.5', '0x50', '99999999999', '1e3', ' '];

export const ARGUMENTS: readonly Case[] = [
  {
    name: 'no-argument',
    rank: 'subject',
    title: 'without an argument it says so, and exits with 1',
    paragraph: 'arguments',
    hint: 'Compare the text letter by letter; it goes to standard error (2), with one \\n, and then exit(1).',
    run: (room) => refuses(room, [], WRONG),
  },
  {
    name: 'port-in-use',
    rank: 'exam',
    title: 'a port that cannot be had is a fatal error, and the one who has it goes on',
    paragraph: 'fatal',
    hint: 'Check what bind and listen return: on an error write "Fatal error\\n" to standard error and exit(1).',
    async run(room) {
      const holder = await holdPort();
      try {
        await refuses(room, [`${holder.port}`], FATAL).catch((error) => {
          throw hidden(error, holder.port);
        });
      } finally {
        await holder.close();
        hide(room, holder.port);
      }
      const a = await room.join();
      await refuses(room, [`${room.server.port}`], FATAL);
      hide(room, room.server.port);
      const b = await room.join();
      await room.say(b, 'still here');
      await room.say(a, 'me too');
    },
  },
  {
    name: 'too-many-arguments',
    rank: 'beyond',
    title: 'more than one argument is a wrong number of them too',
    paragraph: 'arguments',
    hint: 'Compare argc with 2, not with 1.',
    async run(room) {
      for (const args of [
        ['4242', '4243'],
        ['4242', ''],
        ['a', 'b', 'c'],
      ])
        await refuses(room, args, WRONG);
    },
  },
  {
    name: 'no-port',
    rank: 'beyond',
    title: 'what is no port is a fatal error',
    paragraph: 'fatal',
    hint: 'atoi makes 0 of what is no number, and bind then takes any port: look at the argument yourself.',
    async run(room) {
      for (const port of NO_PORTS) await refuses(room, [port], FATAL);
    },
  },
  {
    name: 'forbidden-port',
    rank: 'beyond',
    title: 'a port that this user may not have is a fatal error',
    paragraph: 'fatal',
    hint: 'Check what bind returns.',
    async run(room) {
      if ((await refusal(1)) !== 'EACCES')
        throw new LeftOut('this user may have any port (root, or a container)');
      await refuses(room, ['1'], FATAL);
    },
  },
];

/** Ports differ from run to run, and a report should not. */
function hide({ timeline }: Room, port: number): void {
  for (const [i, step] of timeline.steps.entries()) {
    const action = step.action.replaceAll(`${port}`, 'a port that is in use');
    timeline.steps[i] = { ...step, action };
  }
}

function hidden(error: unknown, port: number): unknown {
  if (error instanceof Failure) error.message = error.message.replaceAll(`${port}`, 'the port');
  return error;
}
