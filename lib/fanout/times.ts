import { Spans } from './spans.js';

/** From the byte `at` of a block on, up to the next mark: when that was said, in milliseconds since 1970. */
export interface TimeMark {
  readonly at: number;
  readonly time: number;
}

/** When the byte at this place of a block was said. */
export function timeAt(times: readonly TimeMark[], place: number): number | undefined {
  return times.findLast(({ at }) => at <= place)?.time;
}

/** When which bytes of a segment were said: a span for each millisecond in which something was. */
export class Times extends Spans {
  /** The marks of `[from, to)`, for a block in which `from` is the byte `at`. */
  marks(from: number, to: number, at: number): TimeMark[] {
    const marks: TimeMark[] = [];
    let start = from;
    for (let span = this.find(from); start < to && span < this.count; span++) {
      marks.push({ at: at + start - from, time: this.value(span) });
      start = this.end(span);
    }
    return marks;
  }
}
