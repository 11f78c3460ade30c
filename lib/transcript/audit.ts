import { checkFormat, type Format, viewOf } from '../protocol/formats.js';
import type { Relay } from '../relay/relay.js';
import { MiniServError, optionError } from '../util/errors.js';
import { checkNames } from '../util/option-names.js';
import { type AuditTarget, openAudit } from './audit-file.js';
import { Transcript } from './transcript.js';

/** Options of {@link auditTo}. */
export interface AuditOptions {
  /** Default: text. */
  readonly format?: Format;
}

/** A file to which the conversation is written. Made by {@link auditTo}. */
export interface Audit {
  /**
   * Resolves when nothing more will be written: after the relay has closed. Never rejects: problems are reported by the
   * relay's event `warning`, with the code ERR_TRANSCRIPT.
   */
  readonly closed: Promise<void>;
  /**
   * Opens the path again, after the file was renamed. From the next line on messages go to the new file; no line is
   * lost, repeated or divided. If the path cannot be opened, the audit continues with the old file and warns.
   */
  reopen(): Promise<void>;
}

/**
 * Appends the conversation, from now on, to a file. The file is created with mode 0600 if it does not exist. The room
 * never stops because of the file: see docs/transcript.md.
 *
 * @example
 * const relay = createRelay();
 * const audit = await auditTo(relay, 'audit.json', { format: 'json' });
 * process.on('SIGHUP', () => audit.reopen());
 * await relay.listen(4242);
 *
 * @param path a regular file, a FIFO, a terminal, a character device, or `/dev/fd/N`. Other symbolic links are not followed
 * @throws {MiniServError} ERR_OPTION if an argument or an option is invalid
 * @throws the system's error (`ENOENT`, `EACCES`, …), or an error that says why the file cannot be appended to
 */
export async function auditTo(relay: Relay, path: string, options: AuditOptions = {}): Promise<Audit> {
  // Checked before the file is created.
  if (typeof (relay as Partial<Relay> | null | undefined)?.addReader !== 'function') {
    throw optionError('relay', 'a relay, as createRelay() returns it', relay);
  }
  if (typeof path !== 'string' || path === '') throw optionError('path', 'the path of a file', path);
  checkNames(options, ['format']);
  const { format = 'text' } = options;
  checkFormat(format);
  const warn = (message: string): void => {
    relay.emit('warning', new MiniServError('ERR_TRANSCRIPT', `${path}: ${message}`));
  };
  const open = (): Promise<AuditTarget> =>
    openAudit(path, format, {
      onRetry: ({ message }) => warn(`write failed (${message}); retrying`),
      onRecovered: () => warn('writing again'),
    });
  let target = await open();
  const transcript = new Transcript({
    relay,
    name: path,
    format: viewOf(format, target.isTerminal === true),
    target,
    marksEnd: format === 'json',
  });
  const reopen = async (): Promise<void> => {
    let next: AuditTarget;
    try {
      next = await open();
    } catch (error) {
      warn(`cannot be reopened (${(error as Error).message}); continuing with the file that is open`);
      return;
    }
    const isSameFile = next.identity !== undefined && next.identity === target.identity;
    if (isSameFile && !transcript.hasFailed) {
      await next.sink.destroy();
      return;
    }
    target = next;
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
