import { linesIn } from '../protocol/render.js';

/** Counts the messages of a relay. The cost of a block does not depend on the number of its lines. */
export class Traffic {
  /** Lines and notices in the log. */
  messages = 0;
  /** Messages for the clients of this relay, counted once for each recipient when they enter the log. */
  linesOut = 0;
  bytesOut = 0;

  /** @param recipients clients of this relay that are to receive it */
  addNotice(bytes: number, recipients: number): void {
    this.messages++;
    this.linesOut += recipients;
    this.bytesOut += recipients * bytes;
  }

  /**
   * @param sender the client that sent the lines
   * @param block the lines without prefixes
   * @param bytes length of the lines as they go over the wire
   * @returns the number of lines
   */
  addLines(sender: number, block: string | Buffer, bytes: number, recipients: number): number {
    const lines = linesIn(sender, block, bytes);
    this.messages += lines;
    this.linesOut += recipients * lines;
    this.bytesOut += recipients * bytes;
    return lines;
  }
}
