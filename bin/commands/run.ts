import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { type Format, viewOf } from '../../lib/protocol/formats.js';
import { createRelay, type Relay } from '../../lib/relay/relay.js';
import type { EventLog } from '../../lib/room/event-log.js';
import { NULL_SINK, openDescriptor } from '../../lib/sinks/descriptor-sink.js';
import type { Audit } from '../../lib/transcript/audit.js';
import { Transcript } from '../../lib/transcript/transcript.js';
import type { MiniServError } from '../../lib/util/errors.js';
import type { Command } from '../arguments.js';
import {
  CommandError,
  exitAfterGrace,
  GRACE_MS,
  printMessage,
  printNotice,
  startLineMarks,
} from '../console.js';
import { handleEndSignals, handleOtherSignals, type SignalHandlers } from '../service/signals.js';
import type { Web } from '../web/web.js';
import { printEvents } from './events.js';
import { loadTransforms } from './load-transforms.js';
import { roomError } from './room-error.js';

type RunCommand = Command & { kind: 'run' };

/** Time to write down, after {@link GRACE_MS}, what could not be delivered, in milliseconds. */
const LAST_WRITE_MS = 500;

/** Runs a relay until a signal ends it, or until the engine of its room is lost. */
export async function run(command: RunCommand): Promise<void> {
  const { port, verbose, relay: options, room: roomArguments, format, audit: auditFile } = command;
  const { LISTEN_FDS, NOTIFY_SOCKET } = process.env;
  const isService = (command.pidFile ?? LISTEN_FDS ?? NOTIFY_SOCKET) !== undefined;
  const service = isService
    ? await (await import('../service/service.js')).createService(command)
    : undefined;
  // Before there is a relay, there is nothing to deliver.
  const handlers: SignalHandlers = { stop: () => process.exit(0) };
  handleOtherSignals(handlers);
  const transforms = await loadTransforms(command.transforms, verbose);
  // If a transform copied a client's text to Object.prototype, every options object made later would inherit it.
  Object.preventExtensions(Object.prototype);
  // Not earlier: a transform whose loading blocks would keep the signals from ending the process.
  handleEndSignals(handlers);
  const room = await joinRoom(roomArguments);
  const web = command.web === undefined ? undefined : await import('../web/start.js');
  const limits = web === undefined ? {} : { maxClients: web.clientLimit(transforms) };
  const relay = createRelay({
    ...options,
    ...limits,
    transforms,
    graceMs: GRACE_MS,
    ...(room !== undefined && { room }),
  });
  printEvents(relay, verbose);
  const transcript = await openTranscript(relay, format);
  let audit: Audit | undefined;
  let webServer: Web | undefined;
  const finishWriting = async (): Promise<void> => {
    const finished = Promise.all([transcript?.closed, audit?.closed]);
    await Promise.race([finished, delay(LAST_WRITE_MS, undefined, { ref: false })]);
    transcript?.destroy();
  };
  const stop = (): void => {
    handlers.stop = undefined;
    service?.stop();
    void Promise.all([relay.close(), webServer?.close()]).then(finishWriting).then(exitAfterGrace);
  };
  relay.once('engineLost', ({ message }) => {
    printMessage(message);
    process.exitCode = 1;
    stop();
  });
  handlers.stop = stop;
  handlers.cleanUp = () => service?.cleanUp();
  handlers.report = () => void import('../service/statistics.js').then(({ report }) => report(relay));
  try {
    if (auditFile !== undefined) {
      const opened = await (await import('../service/audit.js')).startAudit(relay, auditFile);
      audit = opened;
      handlers.reopen = () => void opened.reopen();
    }
    const description = verbose
      ? (await import('./introduction.js')).describeRelay(command, transforms, limits)
      : [];
    let openPort = port;
    // Earlier than the port of the relay: a relay that cannot be started accepts no clients.
    webServer = await web?.startWeb(command, relay, () => openPort);
    openPort = await (service?.listen(relay, port) ?? relay.listen(port));
    if (verbose || port === 0 || isatty(2)) {
      printNotice(
        `listening on 127.0.0.1:${openPort}; join with: mini-serv join ${openPort}, or nc 127.0.0.1 ${openPort}`,
      );
    }
    if (webServer !== undefined) printNotice(`web page: ${webServer.url}`);
    for (const line of description) printNotice(line);
    startLineMarks();
  } catch (error) {
    await Promise.all([relay.close(0), webServer?.close()]);
    await finishWriting();
    // A signal has ended the relay while it was being started.
    if (handlers.stop === undefined) return;
    if (error instanceof CommandError) throw error;
    // Programs get the message of the subject only.
    if (!verbose && !isatty(2)) throw new CommandError('Fatal error');
    const { explainStart } = await import('../diagnosis.js');
    throw new CommandError('Fatal error', explainStart(error as Error, port, command.web));
  }
}

/** @throws {CommandError} if the shared room cannot be joined */
async function joinRoom(room: RunCommand['room']): Promise<EventLog | undefined> {
  if (room === undefined) return undefined;
  try {
    const { openRoom } = await import('../../lib/room/open-room.js');
    return await openRoom(room.url, { ...room.options, onWarning: ({ message }) => printMessage(message) });
  } catch (error) {
    throw roomError(error as MiniServError, '--room', '--room-timeout');
  }
}

/** Starts the transcript on standard output. If that is /dev/null, there is nothing to format. */
async function openTranscript(relay: Relay, format: Format): Promise<Transcript | undefined> {
  const name = 'standard output';
  const { sink, isTerminal } = await openDescriptor(1, {
    onRetry: ({ message }) => printMessage(`${name}: write failed (${message}); retrying`),
    onRecovered: () => printNotice(`${name}: writing again`),
  });
  if (sink === NULL_SINK) return undefined;
  return new Transcript({ relay, name, format: viewOf(format, isTerminal), target: { sink } });
}
