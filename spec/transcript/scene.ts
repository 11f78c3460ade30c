import { type Audit, auditTo, type Format, type Relay, type RelayOptions } from '../../lib/index.js';
import { Inbox } from '../support/inbox.js';
import { createTestRelay, join as joinRoom } from '../support/room.js';
import { eventually, within } from '../support/waiting.js';
import { joinLines, leftNotice } from '../support/wire.js';

/** A room with an audit, and everything that is sent in it. */
export class AuditScene {
  readonly relay: Relay;
  readonly path: string;
  readonly audit: Audit;
  readonly warnings: string[] = [];
  readonly wire = new Inbox();

  private constructor(relay: Relay, path: string, audit: Audit) {
    this.relay = relay;
    this.path = path;
    this.audit = audit;
    relay.on('warning', ({ message }) => this.warnings.push(message));
    relay.createReadStream().on('data', (chunk: Buffer) => this.wire.push(chunk));
  }

  static async open(path: string, format?: Format, options: RelayOptions = {}): Promise<AuditScene> {
    const relay = createTestRelay({ graceMs: 50, ...options });
    return new AuditScene(relay, path, await auditTo(relay, path, format === undefined ? {} : { format }));
  }

  /** A client joins, sends these lines and leaves. */
  async visit(...lines: string[]): Promise<void> {
    const member = await joinRoom(this.relay);
    if (lines.length > 0) member.send(joinLines(lines));
    member.end();
    await this.wire.until(leftNotice(member.id));
  }

  async untilWarning(text: string): Promise<void> {
    await eventually(`the warning "${text}"`, () => this.warnings.some((warning) => warning.includes(text)));
  }

  /** Closes the relay, which waits for the audit for 50 ms. */
  async end(): Promise<void> {
    await this.relay.close();
    await within(this.audit.closed, 'the end of the audit');
  }

  /** Waits until the audit has everything that was sent, and closes the relay. */
  async close(): Promise<void> {
    await eventually('the audit to be written', () => this.relay.stats().outputLagBytes[0] === 0);
    await this.end();
  }
}
