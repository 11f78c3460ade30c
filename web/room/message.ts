/** A line of the transcript, divided into its prefix and its text. */
export interface Message {
  /** `client` for a line that a client has sent, `server` for a notice. */
  readonly from: 'client' | 'server';
  /** The client that has sent the line, or that the notice is about. Undefined for other notices. */
  readonly client: number | undefined;
  readonly text: string;
}

const CLIENT = /^client (\d+): /;
const SERVER = /^server: (?=(?:client (\d+) just (?:arrived|left)$)?)/;

/** @param line a line as the relay sends it, without its newline */
export function parseMessage(line: string): Message {
  const client = CLIENT.exec(line);
  if (client !== null) {
    return { from: 'client', client: Number(client[1]), text: line.slice(client[0].length) };
  }
  const server = SERVER.exec(line);
  const id = server?.[1];
  return {
    from: 'server',
    client: id === undefined ? undefined : Number(id),
    text: line.slice(server?.[0].length ?? 0),
  };
}
