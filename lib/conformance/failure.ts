/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set if the command could not be started. */
  readonly error?: NodeJS.ErrnoException;
  /** Set for SIGPIPE if no client had left until then, so that none can be the reason. */
  readonly hadAllClients?: boolean;
}

export interface FailureDetails {
  /** The problem, in one sentence. */
  readonly what: string;
  /** The bytes that a client should have received in this step, and the bytes that it received. */
  readonly expected?: Buffer;
  readonly received?: Buffer;
  /** Why nothing more was received. */
  readonly end?: string;
  /** Whether the server closed a connection or its port, and so may have died. */
  readonly isClosed?: boolean;
  /** Whether the server ended before it listened. */
  readonly isStart?: boolean;
  /** Whether a time limit was reached. */
  readonly isTimeout?: boolean;
  /** How the command ended, where it was run to its end. */
  readonly exit?: Exit;
  /** The failure that this one summarizes. It can differ between runs, so no report shows it. */
  readonly summarized?: FailureDetails;
  /** Lines of the compiler, or the lines of the source that break a rule. */
  readonly output?: readonly string[];
}

/** Thrown by a case that does not hold. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly details: FailureDetails;

  constructor(details: FailureDetails) {
    super(details.what);
    this.details = details;
  }
}

/** Thrown by a case that cannot be checked on this machine. The message says why. */
export class Skip extends Error {
  override readonly name = 'Skip';
}

/** Thrown by a case whose result says nothing about the server. The message says why. */
export class Undecided extends Error {
  override readonly name = 'Undecided';

  constructor(reason = 'could not be judged: the machine is too busy') {
    super(reason);
  }
}

/**
 * Replaces a failure of the work by one that says only what is wrong. During a large transfer, how far it came and what
 * was received instead depend on the kernel, and a report must be the same in each run.
 */
export async function summarizeFailure<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { isTimeout, isClosed } = error.details;
    throw new Failure({
      what: isClosed ? `${what}: its connection is closed` : what,
      summarized: error.details,
      ...(isTimeout && { isTimeout }),
      ...(isClosed && { isClosed }),
    });
  }
}
