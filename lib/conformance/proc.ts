// Reads /proc, where the Linux kernel describes sockets and processes. Other systems do not have it.
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';

interface Connection {
  readonly localPort: number;
  readonly remotePort: number;
  readonly isListener: boolean;
  /** Bytes that the process has not read yet. */
  readonly unreadBytes: number;
  /** Bytes that the other side has not acknowledged yet. */
  readonly unsentBytes: number;
  readonly inode: string;
}

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
const STATE_LISTEN = '0A';

/** Whether this system has tables of connections. */
export const HAS_PROC = readText('/proc/net/tcp') !== undefined;

function* connections(): Generator<Connection> {
  for (const table of TABLES) for (const row of tableRows(table)) yield* parseRow(row);
}

/** Listeners come first in a table, so the rest, which may be long, need not be read. */
function* listeners(): Generator<Connection> {
  for (const table of TABLES) {
    for (const row of tableRows(table)) {
      const [connection] = parseRow(row);
      if (connection?.isListener === false) break;
      if (connection !== undefined) yield connection;
    }
  }
}

/** The kernel produces the rows while they are read. */
function* tableRows(path: string): Generator<string> {
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

function parseRow(row: string): Connection[] {
  const [number = '', local = '', remote = '', state, queues = '', , , , , inode] = row.trim().split(/\s+/);
  if (!/^\d+:$/.test(number) || inode === undefined) return [];
  const [unsent = '', unread = ''] = queues.split(':');
  const port = (address: string): number => Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16);
  return [
    {
      localPort: port(local),
      remotePort: port(remote),
      isListener: state === STATE_LISTEN,
      unreadBytes: Number.parseInt(unread, 16),
      unsentBytes: Number.parseInt(unsent, 16),
      inode,
    },
  ];
}

/** Whether a process listens on the port. A connection to find out would be a client, and use up an id. */
export function isListening(port: number): boolean | undefined {
  return HAS_PROC ? listenerOf(port) !== undefined : undefined;
}

function listenerOf(port: number): Connection | undefined {
  for (const row of listeners()) if (row.localPort === port) return row;
  return undefined;
}

/**
 * Whether a process may listen: it has a socket other than its standard streams, or has started another process. This is
 * much cheaper than to search for the listener.
 */
export function mayListen(pid: number): boolean {
  return (
    socketsOf(pid).some(({ fd }) => fd > 2) ||
    readNames(`/proc/${pid}/task`).some((thread) => readText(`/proc/${pid}/task/${thread}/children`) !== '')
  );
}

/** Whether a process of this group listens on any port. */
export function listensAnywhere(group: number): boolean {
  const inodes = new Set(Array.from(listeners(), ({ inode }) => inode));
  const listens = (pid: number): boolean => socketsOf(pid).some(({ inode }) => inodes.has(inode));
  return listens(group) || processIds().some((pid) => readStat(pid)?.group === group && listens(pid));
}

/** Whether the port is part of any connection. It cannot be listened on then, unless the socket has SO_REUSEADDR. */
export function isOccupied(port: number): boolean {
  for (const { localPort } of connections()) if (localPort === port) return true;
  return false;
}

/** Whether the server has read everything that the client with this port has sent. */
export function hasReadFrom(serverPort: number, clientPort: number): boolean {
  let sides = 0;
  for (const { localPort, remotePort, unreadBytes, unsentBytes } of connections()) {
    const isServerSide = localPort === serverPort && remotePort === clientPort;
    const isClientSide = localPort === clientPort && remotePort === serverPort;
    if ((isServerSide && unreadBytes > 0) || (isClientSide && unsentBytes > 0)) return false;
    if (isServerSide || isClientSide) sides++;
    if (sides === 2) break;
  }
  return true;
}

/** Whether the server has accepted the client with this port. Undefined if the system does not tell. */
export function isAccepted(serverPort: number, clientPort: number): boolean | undefined {
  if (!HAS_PROC) return undefined;
  for (const { localPort, remotePort, inode } of connections()) {
    // A connection in the queue is not a file yet.
    if (localPort === serverPort && remotePort === clientPort) return inode !== '0';
  }
  return undefined;
}

/** Returns the process of this group that listens on the port: the command may have started it as a child. */
export function findListener(port: number, group: number): number | undefined {
  const inode = listenerOf(port)?.inode;
  if (inode === undefined) return undefined;
  if (holdsSocket(group, inode)) return group;
  return processIds().find((pid) => readStat(pid)?.group === group && holdsSocket(pid, inode));
}

/** Returns any process that listens on the port, as far as this user may look into others. */
export function findHolder(port: number): number | undefined {
  const inode = listenerOf(port)?.inode;
  return inode === undefined ? undefined : processIds().find((pid) => holdsSocket(pid, inode));
}

function processIds(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
}

function holdsSocket(pid: number, inode: string): boolean {
  return socketsOf(pid).some((socket) => socket.inode === inode);
}

function socketsOf(pid: number): { fd: number; inode: string }[] {
  return readNames(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
      return inode === undefined ? [] : [{ fd: Number(fd), inode }];
    } catch {
      return [];
    }
  });
}

export function countDescriptors(pid: number): number {
  return readNames(`/proc/${pid}/fd`).length;
}

/** Returns the highest memory use of a process so far. */
export function peakMemoryBytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readText(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) * 1024;
}

/** Whether a process is about to end: it writes a core dump, or has already given back its memory. */
export function isEnding(pid: number): boolean {
  const status = readText(`/proc/${pid}/status`);
  return status !== undefined && (/^CoreDumping:\s+1$/m.test(status) || !/^VmSize:/m.test(status));
}

export interface ProcessStat {
  readonly state: string;
  readonly group: number;
  /** Processor time, in hundredths of a second. */
  readonly ticks: number;
}

export function readStat(pid: number): ProcessStat | undefined {
  // The name of the program is in parentheses and may contain anything.
  const [state = '', , group, , , , , , , , , user, system] =
    /\) (.*)/s.exec(readText(`/proc/${pid}/stat`) ?? '')?.[1]?.split(' ') ?? [];
  return state === '' ? undefined : { state, group: Number(group), ticks: Number(user) + Number(system) };
}

/** Returns how much unread data the kernel keeps for a connection at most. */
export function maxSendBufferBytes(): number {
  return Number(readText('/proc/sys/net/ipv4/tcp_wmem')?.trim().split(/\s+/)[2] ?? 0);
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

export function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
