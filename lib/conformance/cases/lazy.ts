import type { Case } from '../case.js';
import type { Client } from '../client.js';
import { Failure, summarizeFailure } from '../failure.js';
import { leftNotice, relayedLine } from '../messages.js';
import { maxSendBufferBytes } from '../proc.js';
import type { Room } from '../room.js';

/** Length of most lines: long enough that few are needed, and short enough for any buffer. */
const LINE_BYTES = 10_000;
/** Number of lines at the end that do not fit in the space for which select reports a socket writable. */
const LARGE_LINES = 5;
/** Size of a single read of a client that reads a little now and then. */
const SIP_BYTES = 64 * 1024;

/** Returns lines of 5 MB, or more if the kernel itself could keep that much: then the server would have nothing to keep. */
function manyLines(lineBytes: number, withLargeLines: boolean): string[] {
  const totalBytes = Math.max(5_000_000, maxSendBufferBytes() * 1.25);
  // The kernel reports a socket writable when a third of its largest buffer is free.
  const largeBytes = Math.max(1_000_000, maxSendBufferBytes() * 0.4);
  const line = (i: number, length: number): string => `${i} `.padEnd(length - 1, 'abcdefghij');
  const lines = Array.from({ length: Math.ceil(totalBytes / lineBytes) }, (_, i) => line(i, lineBytes));
  if (!withLargeLines) return lines;
  return [...lines, ...Array.from({ length: LARGE_LINES }, (_, i) => line(lines.length + i, largeBytes))];
}

/** Connects three clients, of which the third does not read. */
async function joinLazy(room: Room): Promise<[Client, Client, Client]> {
  const [a, b, c] = await room.joinThree();
  room.removeReceiver(c);
  c.pauseReading();
  return [a, b, c];
}

/**
 * Chooses the lines to send. Large ones are left out if a line may not be so long, or if the server does not relay them
 * at all: `long-line` checks that.
 */
async function chooseLines(room: Room, maxLineBytes: number): Promise<string[]> {
  if (maxLineBytes < LINE_BYTES) return manyLines(maxLineBytes, false);
  const lines = manyLines(LINE_BYTES, true);
  try {
    await room.timeline.asOneStep('', async () => {
      const [a] = await room.joinThree();
      await room.sendLine(a, lines.at(-1) as string);
      await room.sendLine(a, 'that was long');
    });
    return lines;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return manyLines(LINE_BYTES, false);
  } finally {
    await room.restart();
  }
}

/** Reads half of the lines, a little at a time: each time the server can send only a part of what it has kept. */
async function readInSips(
  c: Client,
  lines: readonly string[],
  afterEachSip: () => Promise<void>,
): Promise<void> {
  const half = lines.reduce((sum, line) => sum + line.length, 0) / 2;
  while (c.pendingBytes < half) {
    c.resumeReading();
    const hasMore = await c.receivesBytes(c.pendingBytes + SIP_BYTES);
    c.pauseReading();
    await afterEachSip();
    if (!hasMore) return;
  }
}

const SENDING = 'A sends 5 MB or more, line by line; B receives each line before the next is sent';
const SIPPING = 'C reads a little at a time, and after each time A sends a line that B receives';

/** @param maxLineBytes the length of the longest line, with its newline */
export const lazyCases = (maxLineBytes = Number.POSITIVE_INFINITY): readonly Case[] => [
  {
    name: 'lazy',
    rank: 'subject',
    title: 'a client that reads late stays connected and receives everything',
    paragraph: 'lazy',
    hint: 'A client that does not read must stay connected. Do not close it when nothing can be sent to it.',
    async run(room) {
      const [a, b, c] = await joinLazy(room);
      for (let i = 1; i <= 3; i++) await room.sendLine(a, `while you were sleeping: ${i}`);
      c.resumeReading();
      for (let i = 1; i <= 3; i++) await c.expect(relayedLine(a.id, `while you were sleeping: ${i}`));
      room.receivers.push(c);
      await room.sendLine(c, 'good morning');
      await room.sendLine(b, 'good morning');
    },
  },
  {
    name: 'lazy-holds-nobody-up',
    rank: 'practice',
    title: 'while one client does not read, all others receive every line',
    paragraph: 'lazy',
    hint:
      'send blocks when the kernel cannot keep more for a client. Ask select whether the client can be written to, call send ' +
      'with MSG_DONTWAIT, and keep the rest for later.',
    async run(room) {
      const lines = await chooseLines(room, maxLineBytes);
      const [a, b, c] = await joinLazy(room);
      // `lazy-hears-all` checks whether the lazy client stays connected.
      b.tolerateOnce(leftNotice(c.id));
      a.tolerateOnce(leftNotice(c.id));
      const expectFlow = <T>(work: () => Promise<T>) =>
        summarizeFailure('B has to wait for C, which does not read', work);
      await room.timeline.asOneStep(SENDING, () =>
        expectFlow(async () => {
          for (const line of lines) await room.sendLine(a, line);
        }),
      );
      await room.timeline.asOneStep(SIPPING, () =>
        expectFlow(() => readInSips(c, lines, () => room.sendLine(a, 'still there'))),
      );
      await room.sendLine(b, 'still here');
    },
  },
  {
    name: 'lazy-hears-all',
    rank: 'practice',
    title: 'a client that did not read while 5 MB were sent receives all of it later',
    paragraph: 'lazy',
    hint:
      'Keep the unsent data of each client, in order, and send it when select reports that the client can be written to. ' +
      'The same applies to the rest when send accepts only a part.',
    async run(room) {
      const lines = await chooseLines(room, maxLineBytes);
      const [a, b, c] = await joinLazy(room);
      b.tolerateOnce(leftNotice(c.id));
      let isPaused = true;
      const sendLine = async (line: string): Promise<void> => {
        a.send(`${line}\n`);
        // If the server blocks, C has to read; `lazy-holds-nobody-up` checks whether it blocks.
        if (isPaused && !(await b.receivesBytes(relayedLine(a.id, line).length))) {
          c.resumeReading();
          isPaused = false;
        }
        await summarizeFailure('a part of the lines of A does not reach B, or is changed', () =>
          b.expect(relayedLine(a.id, line)),
        );
      };
      await room.timeline.asOneStep(SENDING, async () => {
        for (const line of lines) await sendLine(line);
      });
      let sips = 0;
      await room.timeline.asOneStep(SIPPING, async () => {
        if (isPaused) {
          await readInSips(c, lines, () => {
            sips++;
            return sendLine('still there');
          });
        }
        c.resumeReading();
      });
      await room.timeline.asOneStep('C reads on, and receives all of it', () =>
        summarizeFailure(
          'a part of what was sent while C did not read never reaches C, or is changed',
          async () => {
            for (const line of lines) await c.expect(relayedLine(a.id, line));
            for (let i = 0; i < sips; i++) await c.expect(relayedLine(a.id, 'still there'));
          },
        ),
      );
      room.receivers.push(c);
      await room.sendLine(a, 'end');
      await room.sendLine(c, 'good morning');
    },
  },
];

export const LAZY = lazyCases();
