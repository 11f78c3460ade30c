import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

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

export function connections(): Connection[] | undefined {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map(read);
  if (tables[0] === undefined) return undefined;
  return tables.flatMap((table) => (table ?? '').split('\n').slice(1).flatMap(parse));
}

const LISTEN = '0A';

function parse(row: string): Connection[] {
  const [, local, remote, state, queues, , , , , inode] = row.trim().split(/\s+/);
  if (local === undefined || remote === undefined || queues === undefined || inode === undefined) return [];
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
  return connections()?.some((row) => row.listening && row.localPort === port);
}

/** Whether the server has read all that a client (known by its port) has sent. */
export function taken(server: number, client: number): boolean | undefined {
  return connections()?.every(
    ({ localPort, remotePort, unread, unsent }) =>
      !(localPort === server && remotePort === client && unread > 0) &&
      !(localPort === client && remotePort === server && unsent > 0),
  );
}

/** The process of that group that listens on the port: the command itself may only have started it. */
export function listener(group: number, port: number): number | undefined {
  const inode = connections()?.find((row) => row.listening && row.localPort === port)?.inode;
  if (inode === undefined) return undefined;
  if (holds(group, inode)) return group;
  return readdirSync('/proc')
    .map(Number)
    .find((pid) => pid > 0 && stat(pid)?.group === group && holds(pid, inode));
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
