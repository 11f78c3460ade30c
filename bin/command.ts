import { createReadStream, fstatSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { createFormatter, type Format } from '../lib/protocol/formats.js';
import type { RelayOptions } from '../lib/relay/options.js';
import { createRelay, type Relay } from '../lib/relay/relay.js';
import type { EventLog } from '../lib/room/event-log.js';
import { NULL_SINK, openDescriptor } from '../lib/sinks/descriptor-sink.js';
import { logSink } from '../lib/sinks/log-sink.js';
import type { Audit } from '../lib/transcript/audit.js';
import { Transcript } from '../lib/transcript/transcript.js';
import { escapeText } from '../lib/util/escape.js';
import { redact } from '../lib/util/redact.js';
import { type Command, HELP, parseCommand } from './arguments.js';

// What few need is loaded where it is asked for: whoever only runs a relay is not to wait for it.

/** How long everything may take that is still to be delivered when the command is told to end, in ms. */
const GRACE = 2000;
/** And how long it may take to write down, after that, what could not be delivered. */
const LAST = 500;
/** How long connections may be refused and accepted again and again before it is said once more, in ms. */
const QUIET = 10_000;

let guarded = false;

/**
 * Node's standard streams may fail: somebody may have closed the other end, and there is nobody left to tell. Not before
 * anybody uses them, for to make them takes as long as to open a port.
 */
function guard(): void {
  if (guarded) return;
  guarded = true;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

let errors: Pick<NodeJS.WritableStream, 'write'> | undefined;

function stderr(): Pick<NodeJS.WritableStream, 'write'> {
  guard();
  // A terminal that is held with Ctrl-S must not hold the room.
  errors ??= isatty(2) ? logSink('stderr') : process.stderr;
  return errors;
}

/** Says it in one line, whatever is quoted in it: nobody else's words are to pass for ours. */
function say(text: string): void {
  stderr().write(`${escapeText(text.replace(/\s*\n\s*/g, ' '))}\n`);
}

/** Ends a command that cannot do what it was asked to. */
function fail(line: string, reason?: string): void {
  say(line);
  if (reason !== undefined) stderr().write(`${reason}\n`);
  process.exitCode = 1;
  leave();
}

/** Ends the process by itself, unless somebody's transform keeps it awake. */
function leave(): void {
  setTimeout(() => process.exit(), GRACE).unref();
}

/** The transcript to standard output, unless that is /dev/null: then there is no need to format it. */
async function transcribe(relay: Relay, format: Format): Promise<Transcript | undefined> {
  const name = 'standard output';
  const warn = (message: string): void => say(`mini-serv: ${name} ${message}`);
  const opened = await openDescriptor(1, {
    onRetry: ({ message }) => warn(`cannot be written, which is tried again: ${message}`),
    onRecovered: () => warn('is written again'),
  });
  if (opened.sink === NULL_SINK) return undefined;
  return new Transcript({
    relay,
    name,
    format: opened.terminal && format === 'wire' ? 'view' : format,
    opened,
  });
}

/** Says on standard error what an operator should hear of. */
function report(relay: Relay, verbose: boolean): void {
  let refusing = false;
  let saidAt = Number.NEGATIVE_INFINITY;
  relay.on('warning', ({ code, message }) => {
    if (verbose || (code !== 'ERR_LINE_TOO_LONG' && code !== 'ERR_REFUSED')) say(`mini-serv: ${message}`);
  });
  relay.on('engineReconnected', () => say('mini-serv: the engine is back: all go on'));
  relay.on('spillDrained', () => say('mini-serv: there is room for spilled segments again: senders go on'));
  relay.on('refused', (total) => {
    // Not each time that one client tries again where another has just left.
    if (refusing || performance.now() - saidAt < QUIET) return;
    say(`mini-serv: connections are refused: the limit of file descriptors is reached (${total})`);
    refusing = true;
    saidAt = performance.now();
  });
  relay.on('arrived', () => {
    if (refusing)
      say(`mini-serv: connections are accepted again; ${relay.stats().refused} were refused so far`);
    refusing = false;
  });
}

/** SIGHUP has two meanings: open the audit again, and, to those on a terminal, that it is gone. */
function onHangup(reopen: () => void, stop: () => void): void {
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  process.on('SIGHUP', () => {
    if (terminals.every((fd) => isatty(fd))) reopen();
    else stop();
  });
}

/** @returns undefined, and has said why, if the command cannot do with them */
async function load({ transforms = [], verbose }: Command & { kind: 'run' }) {
  if (transforms.length === 0) return [];
  // A promise that somebody's transform forgot is no reason to end the room.
  const forgotten = (reason: unknown): void => say(`mini-serv: a transform rejected: ${String(reason)}`);
  process.on('unhandledRejection', forgotten);
  try {
    const { loadTransforms } = await import('../lib/transforms/loader/load.js');
    return await loadTransforms(transforms);
  } catch (error) {
    const { message, cause } = error as Error;
    // Where a module broke; where we noticed says nothing to anybody.
    const theirs = cause instanceof Error ? cause.cause : undefined;
    fail(`mini-serv: ${message}`, verbose && theirs instanceof Error ? theirs.stack : undefined);
    return undefined;
  }
}

/** @returns undefined, and has said why, if an option has a value that it cannot have */
function make(options: RelayOptions): Relay | undefined {
  try {
    return createRelay(options);
  } catch (error) {
    // The library's names of options are the command's in another spelling.
    const message = (error as Error).message.replace(/^\w+/, (name) =>
      name
        .replace(/(Bytes|Ms)$/, '')
        .replace(/[A-Z]/g, '-$&')
        .toLowerCase(),
    );
    fail(`--${message}`);
    return undefined;
  }
}

/** @returns undefined, and has said why, if there is no joining that room */
async function join({ room }: Command & { kind: 'run' }): Promise<EventLog | undefined> {
  if (room === undefined) return undefined;
  const { url, options } = room;
  // Whoever waits for an engine has nothing to deliver.
  const stop = (): never => process.exit(0);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  try {
    const { openRoom } = await import('../lib/room/open-room.js');
    return await openRoom(url, { ...options, warn: ({ message }) => say(`mini-serv: ${message}`) });
  } catch (error) {
    fail(`mini-serv: ${(error as Error).message}`);
    return undefined;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  }
}

async function run(command: Command & { kind: 'run' }): Promise<void> {
  // Taken out before there are transforms: see below.
  const { port, verbose, relay: options, format = 'wire', audit: audited } = command;
  const transforms = await load(command);
  if (transforms === undefined) return;
  // What a client has sent must not become an option of all that is made from here on, only because some transform
  // copied it carelessly: Node's own sockets would read it, and could not be made.
  Object.preventExtensions(Object.prototype);
  const room = await join(command);
  if (room === undefined && command.room !== undefined) return;
  const relay = make({ ...options, ...(room !== undefined && { room }), transforms, graceMs: GRACE });
  if (relay === undefined) {
    await room?.destroy();
    return;
  }
  report(relay, verbose);
  const transcript = await transcribe(relay, format);
  let audit: Audit | undefined;
  const written = async (): Promise<void> => {
    const all = Promise.all([transcript?.closed, audit?.closed]);
    await Promise.race([all, delay(LAST, undefined, { ref: false })]);
    transcript?.destroy();
  };
  const stop = (): void => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
    // From here on a second signal has its own, immediate effect.
    void relay.close().then(written).then(leave);
  };
  relay.once('engineLost', ({ message }) => {
    say(`mini-serv: ${message}`);
    process.exitCode = 1;
    stop();
  });
  // Before the port is taken: from then on somebody may be told that the room is open, and close it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  try {
    if (audited !== undefined) {
      const { auditTo } = await import('../lib/transcript/audit.js');
      audit = await auditTo(relay, audited.path, audited);
    }
    const taken = await relay.listen(port);
    const where = `mini-serv: listening on 127.0.0.1:${taken}; join with: nc 127.0.0.1 ${taken}`;
    if (port === 0 || isatty(2)) say(where);
  } catch (error) {
    await relay.close(0);
    await written();
    fail('Fatal error', verbose ? (error as Error).message : undefined);
    return;
  }
  if (audit !== undefined) onHangup(() => void audit.reopen(), stop);
}

/** Exit code 0: whole, 1: not, 2: it could not be looked at. */
async function verify(path: string): Promise<void> {
  // Before there is a file: one that cannot be read would say so while nobody listens.
  const { verifyAudit } = await import('../lib/transcript/verify.js');
  const file = path === '-' ? process.stdin : createReadStream(path);
  const name = path === '-' ? 'standard input' : path;
  try {
    const { whole, verdict } = await verifyAudit(file, (line) => process.stdout.write(`${name}: ${line}\n`));
    process.stdout.write(`${name}: ${verdict}\n`);
    process.exitCode = whole ? 0 : 1;
  } catch (error) {
    say(`mini-serv: ${name} cannot be verified: ${(error as Error).message}`);
    process.exitCode = 2;
  }
}

async function conform(args: readonly string[]): Promise<void> {
  const { conformance, cleanUp } = await import('../lib/conformance/command.js');
  process.on('exit', cleanUp);
  for (const [signal, number] of [
    ['SIGHUP', 1],
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const)
    process.on(signal, () => process.exit(128 + number));
  const { NO_COLOR, TERM } = process.env;
  process.exitCode = await conformance(args, {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    colours: process.stdout.isTTY === true && !NO_COLOR && TERM !== 'dumb',
  });
}

function unwritable({ message }: Error): never {
  writeSync(2, `mini-serv: standard output cannot be written: ${message}\n`);
  process.exit(1);
}

/** Whether it is a file or a device: Node's own stream would not tell of a disk that took only a part. */
function isPlain(fd: number): boolean {
  const stat = fstatSync(fd);
  return !isatty(fd) && (stat.isFile() || stat.isCharacterDevice());
}

function writeAll(fd: number, bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  } catch (error) {
    unwritable(error as Error);
  }
}

/** What was said in a room that an engine keeps, to standard output. */
async function replay({ url, format, credentials, ...range }: Command & { kind: 'replay' }): Promise<void> {
  const { replayRoom } = await import('../lib/room/nats/replay.js');
  const formatter = createFormatter(isatty(1) && format === 'wire' ? 'view' : format);
  const { stdout } = process;
  let drained: Promise<void> | undefined;
  stdout.once('error', (error: NodeJS.ErrnoException) => {
    // Nobody takes any more of it, and there is no harm in that.
    if (error.code === 'EPIPE') process.exit();
    unwritable(error);
  });
  const plain = isPlain(1);
  try {
    await replayRoom(url, {
      ...credentials,
      ...range,
      note: (message) => say(`mini-serv: ${message}`),
      said(bytes, time) {
        let room = true;
        for (const blocks of formatter.format([Buffer.from(bytes, 'latin1')], [{ at: 0, time }])) {
          for (const block of blocks) {
            if (plain) writeAll(1, block);
            else room = stdout.write(block);
          }
        }
        if (room) return;
        drained ??= new Promise((resolve) => {
          stdout.once('drain', () => {
            drained = undefined;
            resolve();
          });
        });
        return drained;
      },
    });
  } catch (error) {
    fail(`mini-serv: ${(error as Error).message}`);
  }
}

/** What the list of processes shows of a command whose URL holds what is secret: of other words nothing is hidden. */
function hideSecrets(): void {
  const words = process.argv.map((word, i, all) => {
    if (i < 2) return word;
    const before = all[i - 1] ?? '';
    const given = before.startsWith('--') && !before.includes('=');
    // A replay's URL is the word that is neither an option nor the value of one.
    const replayed = all[2] === 'replay' && !word.startsWith('-') && (!given || word.includes('://'));
    return before === '--room' || word.startsWith('--room=') || replayed ? redact(word) : word;
  });
  if (words.some((word, i) => word !== process.argv[i])) process.title = words.join(' ');
}

async function obey(): Promise<void> {
  hideSecrets();
  const command = parseCommand(process.argv.slice(2), process.env);
  // Somebody's transform may use them, too.
  if (command.kind !== 'run' || command.transforms !== undefined) guard();
  switch (command.kind) {
    case 'help':
      process.stdout.write(HELP);
      break;
    case 'version': {
      // The file stands two folders above the compiled command, in a checkout as in an installed package.
      const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
      process.stdout.write(`${(JSON.parse(manifest) as { version: string }).version}\n`);
      break;
    }
    case 'usage':
      fail(command.message);
      break;
    case 'fatal':
      fail('Fatal error', command.verbose ? command.message : undefined);
      break;
    case 'verify':
      await verify(command.path);
      break;
    case 'conformance':
      await conform(command.args);
      break;
    case 'replay':
      await replay(command);
      break;
    case 'run':
      await run(command);
  }
}

// A limit on the length of files (ulimit -f) is a full disk, and no reason to end.
process.on('SIGXFSZ', () => {});

// Memory that cannot be had shows as a throw from wherever it was wanted.
process.on('uncaughtException', (error) => {
  guard();
  process.stderr.write('Fatal error\n');
  const broken = (error as NodeJS.ErrnoException).code === 'ERR_INVARIANT';
  if (process.argv.includes('--verbose')) process.stderr.write(`${error.stack}\n`);
  else if (broken) process.stderr.write(`mini-serv: ${error.message}\n`);
  process.exit(1);
});

/** Does what the arguments say. Never rejects. */
export function main(): Promise<void> {
  return obey().catch((error: Error) =>
    fail('Fatal error', process.argv.includes('--verbose') ? error.message : undefined),
  );
}
