import { Undecided } from './failure.js';
import type { Machine } from './machine.js';
import { activity, readThreads, type Threads } from './threads.js';

/** Interval at which time limits are checked, in milliseconds. */
const TICK_MS = 50;
/** If the kit itself gets no processor for a while, only so much counts for limits, and for their extension. */
const MAX_TICK_MS = 2 * TICK_MS;
const MAX_EXTENSION_TICK_MS = 1000;
/** The time limit of a case, in timeouts. */
const CASE_TIMEOUTS = 20;
/** On a busy machine, a limit is extended up to this multiple of it, but at least to this time. */
const MAX_EXTENSION = 5;
const MIN_EXTENSION_MS = 30_000;
/** Part of a limit by which it is extended each time, and within which the kit's own server must answer. */
const EXTENSION_SHARE = 1 / 4;
const ANSWER_SHARE = 1 / 10;
const MIN_ANSWER_MS = 100;
const FIRST_POLL_MS = 1;
const MAX_POLL_MS = 20;

interface Wait {
  readonly limitMs: number;
  /** When it ends. */
  dueMs: number;
  /** When it cannot be extended any longer, in time of the kit. */
  readonly endMs: number;
  isAsking: boolean;
  readonly expire: () => void;
  readonly fail: (reason: Error) => void;
}

/** Thrown by everything that a case waits for when the case is stopped. */
export class Stopped extends Error {}

/**
 * The clock of a case. It measures the time that the server had: time in which the server or the kit waits for a
 * processor does not count. Before a limit is reached, the kit's own server has to answer; otherwise it is extended.
 */
export class Clock {
  /** Time to wait for the next byte of an expected text, in milliseconds. */
  readonly timeoutMs: number;
  readonly machine: Machine;
  isStopped = false;
  /** The process whose time is measured. */
  pid: number | undefined;
  /** The time that the server had, and that the kit had. */
  #nowMs = 0;
  #kitMs = 0;
  #lastTickMs = performance.now();
  #threads: Threads = new Map();
  readonly #deadlineMs: number;
  readonly #waits = new Set<Wait>();
  readonly #timer: NodeJS.Timeout;

  constructor(timeoutMs: number, machine: Machine) {
    this.timeoutMs = timeoutMs;
    this.machine = machine;
    this.#deadlineMs = CASE_TIMEOUTS * timeoutMs;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Returns the value of the promise, or undefined if the server had this time and the promise is still pending. */
  async within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
    if (this.isStopped) throw new Stopped();
    let wait: Wait | undefined;
    const expired = new Promise<undefined>((resolve, reject) => {
      wait = {
        limitMs: ms,
        // The current tick began up to one tick ago.
        dueMs: this.#nowMs + ms + TICK_MS,
        endMs: this.#kitMs + Math.max(MIN_EXTENSION_MS, MAX_EXTENSION * ms),
        isAsking: false,
        expire: () => resolve(undefined),
        fail: reject,
      };
      this.#waits.add(wait);
    });
    try {
      return await Promise.race([promise, expired]);
    } finally {
      this.#waits.delete(wait as Wait);
    }
  }

  /** Whether the time of the case is over. */
  get isOver(): boolean {
    return this.#nowMs >= this.#deadlineMs;
  }

  /** Like {@link within}, but not beyond the end of the case. */
  beforeDeadline<T>(promise: Promise<T>, ms = this.timeoutMs): Promise<T | undefined> {
    return this.within(promise, Math.max(0, Math.min(ms, this.#deadlineMs - this.#nowMs)));
  }

  /**
   * Polls a condition until it holds or the time is over; returns whether it holds.
   *
   * @param event ends the polling as well, at once
   */
  async eventually(
    holds: () => boolean | Promise<boolean>,
    ms: number,
    event: Promise<unknown> = new Promise(() => {}),
  ): Promise<boolean> {
    let isOver = false;
    const poll = async (): Promise<boolean> => {
      for (
        let intervalMs = FIRST_POLL_MS;
        !(await holds());
        intervalMs = Math.min(intervalMs * 1.5, MAX_POLL_MS)
      ) {
        if (isOver) return false;
        await new Promise((resolve) => setTimeout(resolve, intervalMs));
      }
      return true;
    };
    try {
      return (await this.within(Promise.race([poll(), event.then(() => true)]), ms)) ?? false;
    } finally {
      isOver = true;
    }
  }

  /**
   * Does the work; returns how much time the server had for it, and how much processor time it used. Time in which the
   * server waited for a processor does not count.
   */
  async measure(work: () => Promise<void>): Promise<{ elapsedMs: number; usedMs: number }> {
    const before = this.#readThreads();
    const startMs = performance.now();
    await work();
    const elapsedMs = performance.now() - startMs;
    const { waitMs, runMs } = activity(before, this.#readThreads());
    return { elapsedMs: elapsedMs - waitMs, usedMs: runMs };
  }

  /** Ends all waits of a case that is not needed any longer. */
  stop(): void {
    this.isStopped = true;
    this.close();
    for (const wait of this.#waits) wait.fail(new Stopped());
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    const elapsedMs = now - this.#lastTickMs;
    this.#lastTickMs = now;
    const threads = this.#waits.size === 0 ? new Map() : this.#readThreads();
    this.#nowMs += Math.min(MAX_TICK_MS, elapsedMs - activity(this.#threads, threads).waitMs);
    this.#kitMs += Math.min(MAX_EXTENSION_TICK_MS, elapsedMs);
    this.#threads = threads;
    for (const wait of this.#waits) {
      if (this.#kitMs > wait.endMs) wait.fail(new Undecided());
      else if (this.#nowMs >= wait.dueMs && !wait.isAsking) void this.#ask(wait);
    }
  }

  #readThreads(): Threads {
    return this.pid === undefined ? new Map() : readThreads(this.pid);
  }

  async #ask(wait: Wait): Promise<void> {
    wait.isAsking = true;
    if (await this.machine.answersWithin(Math.max(MIN_ANSWER_MS, wait.limitMs * ANSWER_SHARE))) wait.expire();
    wait.dueMs = this.#nowMs + wait.limitMs * EXTENSION_SHARE;
    wait.isAsking = false;
  }
}
