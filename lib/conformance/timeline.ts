import { excerpt, type Paint, wrap } from './text.js';

/** An action in a case. */
export interface Step {
  /** The name of the client that acted, if it was a single client. */
  readonly client?: string;
  readonly action: string;
  /** The bytes that were sent, or should be received. */
  readonly bytes?: Buffer;
}

/**
 * The actions of a case in the order in which the kit took them. The order in which bytes happened to arrive is not
 * recorded, so that the timeline is the same in each run.
 */
export class Timeline {
  readonly steps: Step[] = [];
  #summaries = 0;

  add(client: string | undefined, action: string, bytes?: Buffer): void {
    if (this.#summaries > 0) return;
    this.steps.push({
      action,
      ...(client !== undefined && { client }),
      ...(bytes !== undefined && { bytes }),
    });
  }

  /** Records one step in place of all those that the work takes. */
  async asOneStep<T>(action: string, work: () => Promise<T>): Promise<T> {
    this.add(undefined, action);
    this.#summaries++;
    try {
      return await work();
    } finally {
      this.#summaries--;
    }
  }
}

/** With more clients than this, lanes are no longer readable. */
const MAX_LANES = 8;
/** The middle of a longer timeline is left out. */
const MAX_STEPS = 24;

const SIGNS: readonly [RegExp, string][] = [
  [/^connects/, '●'],
  [/^sends/, '▶'],
  [/^receives/, '◀'],
  [/^(ends|resets|is killed|is disconnected)/, '○'],
];

/** Draws a lane for each client, from top to bottom. The last step is the one that failed. */
export function drawTimeline(steps: readonly Step[], paint: Paint, width = 100): string[] {
  const clients = [...new Set(steps.flatMap(({ client }) => (client === undefined ? [] : [client])))];
  const lanes = clients.length <= MAX_LANES ? clients : [];
  const connected = new Set<string>();
  const rows = steps.map(({ client, action, bytes }, i): string[] => {
    const isFailed = i === steps.length - 1;
    const sign = isFailed ? paint('red', '✗') : (SIGNS.find(([pattern]) => pattern.test(action))?.[1] ?? '•');
    if (client !== undefined) connected.add(client);
    const drawn = lanes.map((lane) => {
      if (lane === client) return sign;
      return connected.has(lane) ? paint('dim', '│') : ' ';
    });
    if (sign === '○' && client !== undefined) connected.delete(client);
    const text = bytes === undefined ? action : `${action}  ${excerpt(bytes)}`;
    const subject = client !== undefined ? `${client} ` : isFailed ? '✗ ' : '';
    const number = String(i + 1).padStart(3);
    const start = `   ${number}  ${drawn.join(' ')}${lanes.length > 0 ? '  ' : ''}`;
    const startWidth = 8 + (lanes.length > 0 ? 2 * lanes.length + 1 : 0);
    const shown = subject + (isFailed ? text.replace(/^receives/, 'should receive') : text);
    const [first = '', ...rest] = wrap(shown, width - startWidth);
    return [start + first, ...rest.map((line) => ' '.repeat(startWidth) + line)];
  });
  const head = lanes.length > 0 ? [`        ${lanes.join(' ')}`] : [];
  if (rows.length <= MAX_STEPS) return [...head, ...rows.flat()];
  const hidden = rows.length - MAX_STEPS;
  const half = MAX_STEPS / 2;
  return [
    ...head,
    ...rows.slice(0, half).flat(),
    `        … ${hidden} more steps`,
    ...rows.slice(-half).flat(),
  ];
}
