import { FORMATS, type Format } from '../protocol/formats.js';
import type { Relay } from '../relay/relay.js';
import { MiniServError } from '../util/errors.js';
import { type OpenedAudit, openAudit } from './audit-file.js';
import { Transcript } from './transcript.js';

/** Options of {@link auditTo}. */
export interface AuditOptions {
  /** How it is written: see {@link Format}. Default: text. */
  readonly format?: Format;
}

/** A file to which all that is said is written. */
export interface Audit {
  /**
   * Resolved when nothing more will be written: after the relay's end, or when it was given up and the relay is
   * closed. Never rejected: what is amiss is said by the relay's `warning`, as ERR_TRANSCRIPT.
   */
  readonly closed: Promise<void>;
  /**
   * Opens the path again, after somebody has renamed the file: what is said from then on goes there, and no line is
   * lost, doubled or divided. If that cannot be done it stays with the file it has, and warns.
   */
  reopen(): Promise<void>;
}

/**
 * Appends all that is said from now on to a file, which is made with mode 0600 if it is not there. Whatever becomes
 * of the file, the room goes on: see docs/transcript.md.
 *
 * @example
 * const relay = createRelay();
 * const audit = await auditTo(relay, 'audit.json', { format: 'json' });
 * process.on('SIGHUP', () => audit.reopen());
 * await relay.listen(4242);
 *
 * @throws {MiniServError} ERR_OPTION if the format is none
 * @throws the system's error, or another that says why, if it cannot be appended to
 */
export async function auditTo(relay: Relay, path: string, options: AuditOptions = {}): Promise<Audit> {
  const { format = 'text' } = options;
  if (!FORMATS.includes(format)) {
    throw new MiniServError('ERR_OPTION', `format must be ${FORMATS.join(', ')}, and is ${String(format)}`);
  }
  const warn = (message: string): void => {
    relay.emit('warning', new MiniServError('ERR_TRANSCRIPT', `${path} ${message}`));
  };
  const open = (): Promise<OpenedAudit> =>
    openAudit(path, format, {
      onRetry: ({ message }) => warn(`cannot be written, which is tried again: ${message}`),
      onRecovered: () => warn('is written again'),
    });
  let opened = await open();
  const transcript = new Transcript({ relay, name: path, format, opened, signed: format === 'json' });
  const reopen = async (): Promise<void> => {
    const next = await open().catch(({ message }: Error) => void warn(`cannot be opened again: ${message}`));
    if (next === undefined) return;
    if (next.identity !== undefined && next.identity === opened.identity && !transcript.isGivenUp) {
      next.sink.destroy();
      return;
    }
    opened = next;
    await transcript.moveTo(next);
  };
  let reopening = Promise.resolve();
  return {
    closed: transcript.closed,
    reopen: () => {
      reopening = reopening.then(reopen);
      return reopening;
    },
  };
}
