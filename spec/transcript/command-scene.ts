import { expect } from 'chai';
import { type Client, connectAs } from '../support/client.js';
import type { Server } from '../support/command.js';
import { within } from '../support/waiting.js';
import { arrivedNotice, joinLines, numberedLines, relayed } from '../support/wire.js';

/** Two clients of a server, and everything that is sent in its room. */
export class CommandScene {
  readonly server: Server;
  readonly sender: Client;
  readonly receiver: Client;
  wire = arrivedNotice(0) + arrivedNotice(1);

  private constructor(server: Server, sender: Client, receiver: Client) {
    this.server = server;
    this.sender = sender;
    this.receiver = receiver;
  }

  static async begin(server: Server): Promise<CommandScene> {
    const sender = await connectAs(server);
    return new CommandScene(server, sender, await connectAs(server, 1, sender));
  }

  /** Sends lines, and requires the other client to receive them: the room continues. */
  async send(...lines: string[]): Promise<void> {
    const before = this.receiver.received.length;
    const expected = relayed(0, ...lines);
    this.wire += expected;
    await this.sender.send(joinLines(lines));
    await this.receiver.until((bytes) => bytes.length >= before + expected.length);
    expect(this.receiver.received.subarray(before).equals(Buffer.from(expected))).to.equal(true);
  }

  /** Sends more than pipes, terminals and `--memory 1M` hold. */
  sendBulk(megabytes = 3): Promise<void> {
    return this.send(...numberedLines(megabytes));
  }

  /** Ends the server with SIGTERM and returns the lines that it has printed on standard error. */
  async end(): Promise<string[]> {
    this.server.kill('SIGTERM');
    expect(await within(this.server.exited, 'the end of the server')).to.deep.equal({
      code: 0,
      signal: null,
    });
    return this.server.stderr.text.split('\n').slice(0, -1);
  }
}
