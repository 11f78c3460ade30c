import type { Exit } from './server.js';

/** A case that does not hold. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly details: Details;

  constructor(details: Details) {
    super(details.what);
    this.details = details;
  }
}

export interface Details {
  /** In one sentence. */
  readonly what: string;
  /** What should have been heard at this step, and what was, from the first byte of the step on. */
  readonly expected?: Buffer;
  readonly came?: Buffer;
  /** Why no more came than that. */
  readonly end?: string;
  /** The server closed a connection, or its port: it may have died. */
  readonly broken?: boolean;
  /** How the command ended, where it was run to its end. */
  readonly exit?: Exit;
  /** What a compiler has said, or what was found, line by line. */
  readonly output?: readonly string[];
  /** It was waited for something until the time was over. */
  readonly late?: boolean;
}

/** Not to be judged here: the reason is told in the report. */
export class LeftOut extends Error {
  override readonly name = 'LeftOut';
}
