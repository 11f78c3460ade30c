import { Spans } from './spans.js';

/** The owner of bytes that belong to no client, and of a reader that skips nothing. */
export const NO_OWNER = -1;

/** Who owns which bytes of a segment. */
export class Runs extends Spans {
  owner(run: number): number {
    return this.value(run);
  }
}
