// The state of the machine: what the limit itself achieves at the start and at the end of a run, and the time that a
// hypervisor gave to others.
import { readFileSync } from 'node:fs';
import { builtPath } from './build.js';
import { CLOSED_100, contests, nameOf } from './contests.js';
import { measure, type Timing } from './measure.js';
import { LIMIT, type Relay } from './relays.js';
import type { Regime } from './results.js';
import { median } from './statistics.js';
import { figure } from './table.js';

const CONTESTS = [nameOf(10, 100), CLOSED_100];
const MEASUREMENTS = 3;
/** A larger change of the limit's own figures is reported as a change of the machine. */
const MAX_CHANGE = 0.1;

/** Measures the limit under two loads. A load that fails has no figure. */
export async function measureLimit(
  relays: ReadonlyMap<string, Relay>,
  timing: Timing,
): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const contest of contests().filter(({ name }) => CONTESTS.includes(name))) {
    const entry = contest.entries.find(({ name }) => name === LIMIT);
    const values: number[] = [];
    for (let i = 0; entry !== undefined && i < MEASUREMENTS; i++) {
      const outcome = await measure(entry, relays.get(LIMIT), builtPath('load'), timing);
      if ('sample' in outcome) values.push(outcome.sample[contest.metric] as number);
    }
    if (values.length > 0) figures[contest.name] = median(values);
  }
  return figures;
}

/** Processor time of the machine so far, in ticks, as /proc/stat has it. */
export interface CpuTime {
  readonly steal: number;
  readonly total: number;
}

export function cpuTime(stat = readFileSync('/proc/stat', 'utf8')): CpuTime {
  // user nice system idle iowait irq softirq steal; two more that are a part of user and nice.
  const ticks = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').slice(0, 8).map(Number);
  return { steal: ticks[7] ?? 0, total: ticks.reduce((sum, value) => sum + value, 0) };
}

export function stealBetween(from: CpuTime, to: CpuTime): number {
  return to.total > from.total ? (to.steal - from.steal) / (to.total - from.total) : 0;
}

export function regimeText({ start, end, steal }: Regime): string {
  const names = Object.keys(start).filter((name) => end[name] !== undefined);
  const change = (name: string): number => (end[name] as number) / (start[name] as number) - 1;
  const figures = names.map((name) => {
    const percent = Math.round(change(name) * 100);
    const sign = percent > 0 ? '+' : '';
    return `${name}: ${figure(start[name] as number)} and ${figure(end[name] as number)} (${sign}${percent} %)`;
  });
  const changed = names.some((name) => Math.abs(change(name)) > MAX_CHANGE);
  const verdict = changed
    ? 'The machine changed by more than 10 % during this run: compare only figures of one contest.'
    : 'The machine did not change by more than 10 % during this run.';
  return [
    names.length === 0
      ? 'The limit could not be measured at both ends of this run.'
      : `The limit at the start and at the end, lines delivered/s: ${figures.join('; ')}. ${verdict}`,
    ...(steal > 0 ? [`Steal time: ${(steal * 100).toFixed(1)} % of the processor time.`] : []),
  ].join(' ');
}
