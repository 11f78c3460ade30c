// Prints the comparison with message brokers as two Markdown tables.
import { BACKLOG, BROKER_READERS, nameOf, type Sample } from './contests.js';
import { medianOf } from './goals.js';
import { MINI } from './relays.js';
import type { ContestResult, EntryResult } from './results.js';
import { figure, reasonOf, table } from './table.js';

/** A relay grows if its additional memory exceeds this share of the lines published. The same for its files. */
const LARGE_SHARE = 0.25;
/** Pauses of the other reader above this are stated, in seconds. */
const LONG_PAUSE = 1;

export function brokerTables(contests: readonly ContestResult[]): string {
  const backlog = contests.find(({ name }) => name === BACKLOG);
  return `${fanOutTable(contests)}\n${backlog === undefined ? '' : backlogTable(backlog, contests)}`;
}

/** Medians in lines delivered per second, and how many times as fast mini-serv is. */
function fanOutTable(contests: readonly ContestResult[]): string {
  const measured = BROKER_READERS.flatMap((readers) => {
    const contest = contests.find(({ name }) => name === nameOf(readers, 100));
    return contest === undefined ? [] : [{ readers, contest }];
  });
  const names = measured[0]?.contest.entries.map(({ name }) => name) ?? [];
  const rows = names.map((name) => [name, ...measured.map(({ contest }) => rateCell(contest, name))]);
  return table(['', ...measured.map(({ readers }) => `${readers} reader${readers === 1 ? '' : 's'}`)], rows);
}

function rateCell(contest: ContestResult, name: string): string {
  const entry = contest.entries.find((each) => each.name === name) as EntryResult;
  const reason = reasonOf(entry);
  if (reason !== undefined) return reason;
  const rate = medianOf(contest, name) ?? Number.NaN;
  const own = medianOf(contest, MINI);
  return name === MINI || own === undefined ? figure(rate) : `${figure(rate)} (${figure(own / rate)} ×)`;
}

/** One row for each relay and its treatment of a reader that stops reading. The other reader is compared with a fan-out to one reader. */
function backlogTable({ entries }: ContestResult, contests: readonly ContestResult[]): string {
  const alone = contests.find(({ name }) => name === nameOf(1, 100));
  const rows = entries.map((entry) => {
    const [sample] = entry.samples;
    const reason = reasonOf(entry);
    if (reason !== undefined || sample === undefined)
      return [entry.name, reason ?? 'not measured', '', '', '', ''];
    const { rate, memory, disk, received, published } = sample as Record<string, number>;
    return [
      entry.name,
      outcomeOf(sample),
      'stoppedAt' in sample
        ? '0'
        : figure((rate as number) / ((alone && medianOf(alone, entry.name)) ?? Number.NaN)),
      `${Math.max(0, Math.round(memory as number))} MiB`,
      `${Math.max(0, Math.round(disk as number))} MiB`,
      sample.complete === 1 ? 'everything' : `${mib(received)} of ${mib(published)}`,
    ];
  });
  const head = [
    '',
    'what it does',
    'the other reader keeps',
    'memory',
    'disk',
    'the stalled reader receives',
  ];
  return table(head, rows);
}

/** In words: what a relay did with a reader that stopped reading, and resumed later. */
export function outcomeOf(sample: Sample): string {
  const {
    droppedAt,
    stoppedAt,
    outgrownAt,
    memory = 0,
    disk = 0,
    pause = 0,
    complete,
    published = 0,
  } = sample;
  const paused = pause > LONG_PAUSE ? ` after a pause of ${pause.toFixed(1)} s for all` : '';
  if (droppedAt !== undefined) return `drops it at ${mib(droppedAt)}${paused}`;
  if (outgrownAt !== undefined) return `grows, and was stopped at ${mib(outgrownAt)}`;
  const words: string[] = [];
  if (stoppedAt !== undefined) words.push(`stalls all at ${mib(stoppedAt)}`);
  if (memory > published * LARGE_SHARE) words.push(`grows by ${mib(memory)}`);
  if (disk > published * LARGE_SHARE) words.push(`writes ${mib(disk)} to disk`);
  words.push(complete === 1 ? 'delivers everything' : 'discards lines');
  const slow = stoppedAt === undefined && published < 511 ? ` (${mib(published)} published in a minute)` : '';
  return words.join(', ') + paused + slow;
}

function mib(size: number | undefined): string {
  return `${Math.round(size ?? Number.NaN)} MiB`;
}
