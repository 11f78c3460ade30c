// The frames between the sequencer and its writers: a header, then the bytes of lines as the client sent them.

/**
 * - `CONNECTED`: upwards, a writer has taken over the connection with this id. Downwards, its client joins the room.
 * - `LINES`: complete lines of a client, without the last newline.
 * - `LEFT`: the client has left.
 */
export const CONNECTED = 1;
export const LINES = 2;
export const LEFT = 3;

const HEADER_BYTES = 9;

export interface Head {
  readonly kind: number;
  /** The id of the client. */
  readonly client: number;
}

export function encodeFrame(kind: number, client: number, text = ''): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + text.length);
  frame.writeUInt8(kind, 0);
  frame.writeUInt32LE(client, 1);
  frame.writeUInt32LE(text.length, 5);
  frame.write(text, HEADER_BYTES, 'latin1');
  return frame;
}

export function headOf(frame: Buffer): Head {
  return { kind: frame.readUInt8(0), client: frame.readUInt32LE(1) };
}

/** Returns the lines of a frame as a latin1 string, one character for each byte. */
export function textOf(frame: Buffer): string {
  return frame.toString('latin1', HEADER_BYTES);
}

/** Divides a stream of bytes into frames, which are parts of the chunks wherever possible. */
export function createFrameReader(onFrame: (frame: Buffer) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let receivedBytes = 0;
  let neededBytes = HEADER_BYTES;
  return (chunk) => {
    parts.push(chunk);
    receivedBytes += chunk.length;
    // A large frame arrives in many chunks, which are joined once.
    if (receivedBytes < neededBytes) return;
    const bytes = parts.length === 1 ? chunk : Buffer.concat(parts);
    let start = 0;
    for (;;) {
      const restBytes = bytes.length - start;
      neededBytes = HEADER_BYTES + (restBytes < HEADER_BYTES ? 0 : bytes.readUInt32LE(start + 5));
      if (restBytes < neededBytes) break;
      onFrame(bytes.subarray(start, start + neededBytes));
      start += neededBytes;
    }
    parts = start === bytes.length ? [] : [bytes.subarray(start)];
    receivedBytes = bytes.length - start;
  };
}
