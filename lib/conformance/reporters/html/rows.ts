import type { Result } from '../../run.js';
import type { Step } from '../../timeline.js';
import { printable } from '../printable.js';
import { differenceLines, labelLines, type Segment } from './labels.js';

export type Tone = 'normal' | 'expected' | 'wrong';

/** A row of the diagram. Without a lane it concerns all of them; with a direction it is an arrow. */
export interface Row {
  readonly number?: number;
  readonly lane?: string;
  /** The lanes of the other clients that received the same. */
  readonly otherLanes?: readonly string[];
  readonly direction?: 'to server' | 'from server';
  readonly caption?: string;
  /** Lines of bytes. */
  readonly label: readonly (readonly Segment[])[];
  readonly tone: Tone;
  /** A lane that begins or ends with this row. */
  readonly change?: 'client connects' | 'client leaves' | 'server ends';
}

export interface Diagram {
  readonly lanes: readonly string[];
  readonly rows: readonly Row[];
}

/** With more clients than this, the others share a lane. */
const MAX_LANES = 7;
export const OTHERS = 'others';
/** The middle of a longer sequence is left out. */
const MAX_STEPS = 28;
/** Names of clients in a caption. */
const MAX_NAMES = 6;

/** Returns what a sequence diagram of the case shows: its steps, and what happened in place of the last one. */
export function diagramOf(result: Result): Diagram {
  const steps = mergeReceivers(result.timeline);
  const failing = steps.at(-1);
  const half = MAX_STEPS / 2;
  const isLong = steps.length > MAX_STEPS;
  const first = isLong ? steps.slice(0, half) : steps;
  const last = isLong ? steps.slice(-half) : [];
  const lanes = chooseLanes([...first, ...last], failing?.client);
  const rowOf = (step: MergedStep): Row => stepRow(step, step === failing, lanes);
  const rows = [
    ...first.map(rowOf),
    ...(isLong ? [note(`… ${countBetween(first.at(-1), last[0])} more steps`)] : []),
    ...last.map(rowOf),
    ...outcomeRows(result, failing?.client),
  ];
  return { lanes, rows };
}

/** A step of one client, or several in which clients receive the same. */
interface MergedStep extends Step {
  readonly number: number;
  readonly otherClients: readonly string[];
}

/** Merges steps in which one client after the other receives the same. The last one stays alone: it has failed. */
function mergeReceivers(timeline: readonly Step[]): MergedStep[] {
  const merged: MergedStep[] = [];
  for (const [i, step] of timeline.entries()) {
    const before = merged.at(-1);
    const { client, action, bytes } = step;
    const isSame =
      action === 'receives' && before?.action === action && bytes?.equals(before.bytes as Buffer);
    if (isSame && client !== undefined && i < timeline.length - 1) {
      merged[merged.length - 1] = { ...before, otherClients: [...before.otherClients, client] };
    } else {
      merged.push({ ...step, number: i + 1, otherClients: [] });
    }
  }
  return merged;
}

function countBetween(first: MergedStep | undefined, last: MergedStep | undefined): number {
  if (first === undefined || last === undefined) return 0;
  return last.number - first.number - first.otherClients.length - 1;
}

function chooseLanes(steps: readonly MergedStep[], failing: string | undefined): string[] {
  const clients = [
    ...new Set(
      steps.flatMap(({ client, otherClients }) => (client === undefined ? [] : [client, ...otherClients])),
    ),
  ];
  if (clients.length <= MAX_LANES) return clients;
  const shown = clients.slice(0, MAX_LANES - 1);
  if (failing !== undefined && !shown.includes(failing)) shown.splice(-1, 1, failing);
  return [...shown, OTHERS];
}

function note(caption: string, tone: Tone = 'normal'): Row {
  return { caption, label: [], tone };
}

/** A client has done this, even if the step failed. */
const IS_DONE = /^(sends|connects|ends|resets)/;
const LEAVES = /^(ends its|resets its|is killed|is disconnected)/;

function stepRow(
  { client, action, bytes, number, otherClients }: MergedStep,
  isFailing: boolean,
  lanes: readonly string[],
): Row {
  const tone = isFailing && !IS_DONE.test(action) ? 'expected' : 'normal';
  if (client === undefined) return { ...note(printable(action), tone), number };
  const isHidden = !lanes.includes(client);
  const lane = isHidden ? OTHERS : client;
  const row = { number, lane, label: bytes === undefined ? [] : labelLines(bytes), tone } as const;
  if (/^(sends|receives)/.test(action) && bytes !== undefined) {
    const direction = action.startsWith('sends') ? 'to server' : 'from server';
    const verb = isFailing && direction === 'from server' ? 'should receive' : action;
    if (otherClients.length === 0) return { ...row, direction, caption: `${client} ${verb}` };
    const otherLanes = otherClients.map((other) => (lanes.includes(other) ? other : OTHERS));
    return { ...row, direction, otherLanes, caption: `${listNames([client, ...otherClients])} receive` };
  }
  const caption = printable(
    `${client} ${isFailing ? action.replace(/^receives/, 'should receive') : action}`,
  );
  if (action.startsWith('connects')) {
    return { ...row, direction: 'to server', caption, ...(!isHidden && { change: 'client connects' }) };
  }
  if (LEAVES.test(action)) {
    const direction = action.startsWith('is disconnected') ? 'from server' : 'to server';
    return { ...row, direction, caption, ...(!isHidden && { change: 'client leaves' }) };
  }
  return { ...row, caption };
}

function listNames(names: readonly string[]): string {
  const rest = names.length - MAX_NAMES;
  if (rest > 1) return `${names.slice(0, MAX_NAMES).join(', ')} and ${rest} more`;
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Returns what happened in place of the step that failed. */
function outcomeRows({ details, exit }: Result, client: string | undefined): Row[] {
  const { what = '', expected, received, end } = details ?? {};
  const rows: Row[] = [];
  if (client !== undefined && expected !== undefined && received !== undefined) {
    const ending = end === undefined ? [] : [[{ text: `‹${printable(end)}›` }]];
    const row = { lane: client, tone: 'wrong', caption: `${client} received` } as const;
    const label = received.length === 0 ? [] : differenceLines(expected, received);
    if (label.length > 0) rows.push({ ...row, direction: 'from server', label: [...label, ...ending] });
    else rows.push({ ...row, caption: `${client} received nothing`, label: ending });
  } else {
    rows.push(note(printable(what), 'wrong'));
  }
  if (exit !== undefined) {
    const how = exit.signal === null ? `exit code ${exit.code}` : exit.signal;
    rows.push({ ...note(`the server ended: ${how}`, 'wrong'), change: 'server ends' });
  }
  return rows;
}
