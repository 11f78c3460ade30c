import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';

/** What Linux tells of sockets and processes, and other systems do not: undefined there. */
export interface Connection {
  readonly localPort: number;
  readonly remotePort: number;
  readonly listening: boolean;
  /** Bytes that the process has not read yet. */
  readonly unread: number;
  /** Bytes that the other end has not acknowledged yet. */
  readonly unsent: number;
  readonly inode: string;
}

/** Whether this system tells of connections. */
export const TELLS = read('/proc/net/tcp') !== undefined;

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
const LISTEN = '0A';

function* connections(): Generator<Connection> {
  for (const table of TABLES) for (const row of rows(table)) yield* parse(row);
}

/** Those who listen stand first: the kernel need not be asked for all the others, which may be many. */
function* listeners(): Generator<Connection> {
  for (const table of TABLES) {
    for (const row of rows(table)) {
      const [connection] = parse(row);
      if (connection?.listening === false) break;
      if (connection !== undefined) yield connection;
    }
  }
}

/** The rows of a table, which the kernel writes as they are read. */
function* rows(path: string): Generator<string> {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return;
  }
  try {
    const chunk = Buffer.alloc(16 * 1024);
    let rest = '';
    for (let length = readSync(file, chunk); length > 0; length = readSync(file, chunk)) {
      const lines = (rest + chunk.toString('latin1', 0, length)).split('\n');
      rest = lines.pop() as string;
      yield* lines;
    }
  } finally {
    closeSync(file);
  }
}

function parse(row: string): Connection[] {
  const [number = '', local, remote, state, queues, , , , , inode] = row.trim().split(/\s+/);
  if (
    !/^\d+:$/.test(number) ||
    local === undefined ||
    remote === undefined ||
    queues === undefined ||
    inode === undefined
  )
    return [];
  const [unsent = '', unread = ''] = queues.split(':');
  const port = (address: string): number => Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16);
  return [
    {
      localPort: port(local),
      remotePort: port(remote),
      listening: state === LISTEN,
      unread: Number.parseInt(unread, 16),
      unsent: Number.parseInt(unsent, 16),
      inode,
    },
  ];
}

/** Whether anybody listens on the port: a connection to find out would be a client, and use up an id. */
export function listening(port: number): boolean | undefined {
  return TELLS ? listenerOf(port) !== undefined : undefined;
}

function listenerOf(port: number): Connection | undefined {
  for (const row of listeners()) if (row.localPort === port) return row;
  return undefined;
}

/** Whether the server has read all that a client (known by its port) has sent. */
export function taken(server: number, client: number): boolean {
  let sides = 0;
  for (const { localPort, remotePort, unread, unsent } of connections()) {
    const theirs = localPort === server && remotePort === client;
    const ours = localPort === client && remotePort === server;
    if ((theirs && unread > 0) || (ours && unsent > 0)) return false;
    if (theirs || ours) sides++;
    if (sides === 2) break;
  }
  return true;
}

/** Whether the server has taken a client (known by its port) out of the queue; undefined where nobody tells. */
export function accepted(server: number, client: number): boolean | undefined {
  if (!TELLS) return undefined;
  for (const { localPort, remotePort, inode } of connections()) {
    // What waits in the queue is nobody's file yet.
    if (localPort === server && remotePort === client) return inode !== '0';
  }
  return undefined;
}

/** The process of that group that listens on the port: the command itself may only have started it. */
export function listener(group: number, port: number): number | undefined {
  const inode = listenerOf(port)?.inode;
  if (inode === undefined) return undefined;
  if (holds(group, inode)) return group;
  return readdirSync('/proc')
    .map(Number)
    .find((pid) => pid > 0 && stat(pid)?.group === group && holds(pid, inode));
}

/** Whatever process listens on the port, as far as this one may look into others. */
export function holder(port: number): number | undefined {
  const inode = listenerOf(port)?.inode;
  if (inode === undefined) return undefined;
  return readdirSync('/proc')
    .map(Number)
    .find((pid) => pid > 0 && holds(pid, inode));
}

function holds(pid: number, inode: string): boolean {
  return names(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`;
    } catch {
      return false;
    }
  });
}

/** How many descriptors a process has open. */
export function descriptors(pid: number): number {
  return names(`/proc/${pid}/fd`).length;
}

/** The most memory that a process has had, in bytes. */
export function peakMemory(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) * 1024;
}

/** Whether it has died and is being written down, which may take longer than anything is waited for. */
export function dumping(pid: number): boolean {
  return /^CoreDumping:\s+1$/m.test(read(`/proc/${pid}/status`) ?? '');
}

export interface Stat {
  readonly state: string;
  readonly group: number;
  /** Time on a processor, in hundredths of a second. */
  readonly ticks: number;
}

export function stat(pid: number): Stat | undefined {
  // The name of the program stands in brackets, and may hold anything.
  const [state = '', , group, , , , , , , , , user, system] =
    /\) (.*)/s.exec(read(`/proc/${pid}/stat`) ?? '')?.[1]?.split(' ') ?? [];
  return state === '' ? undefined : { state, group: Number(group), ticks: Number(user) + Number(system) };
}

/** The most that the kernel keeps of what was sent and not read, in bytes. */
export function largestSendBuffer(): number {
  return Number(read('/proc/sys/net/ipv4/tcp_wmem')?.trim().split(/\s+/)[2] ?? 0);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
