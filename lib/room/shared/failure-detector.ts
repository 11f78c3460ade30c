import { type Clock, MAX_TIMER_MS } from '../../util/environment.js';
import { isInstanceId } from './record.js';

/** A relay is declared dead after this many missed heartbeats. */
const MAX_MISSED_HEARTBEATS = 5;
/** If a timer of this relay is late by this factor, the relay itself was stopped, and its counts mean nothing. */
const STOPPED_FACTOR = 2;
/** Number of own heartbeats without an echo after which the engine counts as unreachable. */
const MAX_MISSED_ECHOES = 3;
/** A question is not answered if this relay has sent a heartbeat so recently: the other relay has it, or asks again. */
const MIN_ANSWER_INTERVAL_MS = 10;
/** With so many peers, heartbeats add no others: anyone with permission to publish can invent relays. */
const MAX_PEERS = 1000;

export interface FailureDetectorOptions {
  readonly clock: Clock;
  readonly instanceId: string;
  /** Interval of the heartbeats that this relay sends. */
  readonly intervalMs: number;
  readonly send: (heartbeat: Uint8Array) => void;
  /** Returns the instances in the log that have not ended. */
  readonly instanceIds: () => Iterable<string>;
  /** Whether the connection to the engine is known to be broken. */
  readonly isUnreachable: () => boolean;
  /** Ends an instance that has sent neither a record nor a heartbeat for too long. */
  readonly declareDown: (instanceId: string) => void;
  /** The heartbeats of this relay no longer come back. */
  readonly onEchoLost: () => void;
  readonly onEchoBack: () => void;
}

/** Another relay, from its first record or heartbeat on. */
interface Peer {
  /** Intervals of this relay without a record or heartbeat of the other one. */
  missed: number;
  /** The interval of its heartbeats, in milliseconds. 0 while none was received. */
  intervalMs: number;
  isDeclared: boolean;
}

/**
 * Finds relays that have died. Each relay sends heartbeats, which are not stored in the log.
 *
 * A relay declares another one dead only while it can judge: its own heartbeats come back, its connection works, and
 * its timers are on time. After an interruption it counts from the beginning.
 */
export class FailureDetector {
  readonly #options: FailureDetectorOptions;
  /** By instance. */
  readonly #peers = new Map<string, Peer>();
  #missedEchoes = 0;
  #lastCheckAt: number;
  #lastSentAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: () => void = () => {};

  constructor(options: FailureDetectorOptions) {
    this.#options = options;
    this.#lastCheckAt = options.clock.now();
    this.#startTimer();
    this.#sendHeartbeat(true);
  }

  /** Takes a heartbeat of any relay. Other bytes are ignored. */
  onHeartbeat(bytes: Uint8Array): void {
    const heartbeat = decodeHeartbeat(bytes);
    if (heartbeat === undefined) return;
    const { instanceId, intervalMs, isQuestion } = heartbeat;
    if (instanceId === this.#options.instanceId) {
      if (this.#missedEchoes >= MAX_MISSED_ECHOES) this.#options.onEchoBack();
      this.#missedEchoes = 0;
      return;
    }
    if (isQuestion && intervalMs < this.#options.intervalMs) this.#answer();
    // If the relay is in the log, the next check adds it and asks for its interval.
    if (this.#peers.size >= MAX_PEERS && !this.#peers.has(instanceId)) return;
    this.#peerOf(instanceId).intervalMs = intervalMs;
    this.onActivity(instanceId);
  }

  /** The instance has sent a record or a heartbeat. */
  onActivity(instanceId: string): void {
    this.#peerOf(instanceId).missed = 0;
  }

  stop(): void {
    this.#cancelTimer();
  }

  #peerOf(instanceId: string): Peer {
    const peer = this.#peers.get(instanceId) ?? { missed: 0, intervalMs: 0, isDeclared: false };
    this.#peers.set(instanceId, peer);
    return peer;
  }

  #startTimer(): void {
    const { clock, intervalMs } = this.#options;
    this.#cancelTimer = clock.setTimer(intervalMs, () => {
      this.#startTimer();
      this.#check();
    });
  }

  #send(isQuestion: boolean): void {
    const { clock, instanceId, intervalMs, send } = this.#options;
    this.#lastSentAt = clock.now();
    send(encodeHeartbeat({ instanceId, intervalMs, isQuestion }));
  }

  /** Tells a relay the longer interval of this one before it has counted five of its own. */
  #answer(): void {
    const sinceMs = this.#options.clock.now() - this.#lastSentAt;
    // An answer is no question: answers to answers would double with each relay.
    if (sinceMs >= MIN_ANSWER_INTERVAL_MS) this.#send(false);
  }

  #sendHeartbeat(isQuestion: boolean): void {
    this.#missedEchoes++;
    this.#send(isQuestion);
    if (this.#missedEchoes === MAX_MISSED_ECHOES) this.#options.onEchoLost();
  }

  #check(): void {
    const { clock, instanceId: own, intervalMs, instanceIds, isUnreachable } = this.#options;
    const now = clock.now();
    const wasStopped = now - this.#lastCheckAt > intervalMs * STOPPED_FACTOR;
    this.#lastCheckAt = now;
    // The echo of one heartbeat can still be in flight.
    const canJudge = !wasStopped && !isUnreachable() && this.#missedEchoes <= 1;
    const active = new Set(instanceIds());
    active.delete(own);
    this.#peers.delete(own);
    this.#sendHeartbeat([...active].map((id) => this.#peerOf(id)).some(isUnknown));
    for (const [id, peer] of this.#peers) {
      // After an interruption, the other relays may have been disconnected too and need time to come back.
      if (!canJudge) peer.missed = -MAX_MISSED_HEARTBEATS;
      else if (this.#countMissed(peer)) this.#onMissing(id, peer, active.has(id));
    }
  }

  /** @returns whether the relay has missed too many heartbeats */
  #countMissed(peer: Peer): boolean {
    const { intervalMs } = this.#options;
    peer.missed++;
    // The count is in intervals of this relay; a relay that sends less often gets more of them.
    const longestMs = Math.max(intervalMs, peer.intervalMs);
    return peer.missed * intervalMs > MAX_MISSED_HEARTBEATS * longestMs;
  }

  /** @param isActive whether the log has records of the instance, and not its end */
  #onMissing(id: string, peer: Peer, isActive: boolean): void {
    if (!isActive) {
      this.#peers.delete(id);
    } else if (!peer.isDeclared) {
      peer.isDeclared = true;
      this.#options.declareDown(id);
    }
  }
}

/** Whether the relay may have a longer interval than this one knows. */
function isUnknown({ intervalMs, isDeclared }: Peer): boolean {
  return intervalMs === 0 && !isDeclared;
}

interface Heartbeat {
  readonly instanceId: string;
  readonly intervalMs: number;
  /** Whether the relays with a longer interval are to send a heartbeat at once. */
  readonly isQuestion: boolean;
}

function encodeHeartbeat({ instanceId, intervalMs, isQuestion }: Heartbeat): Uint8Array {
  return Buffer.from(
    JSON.stringify({ epoch: instanceId, every: intervalMs, ...(isQuestion && { ask: true }) }),
  );
}

function decodeHeartbeat(bytes: Uint8Array): Heartbeat | undefined {
  try {
    const { epoch, every, ask } = JSON.parse(Buffer.from(bytes).toString('latin1')) as Record<
      string,
      unknown
    >;
    const isInterval = typeof every === 'number' && every > 0 && every <= MAX_TIMER_MS;
    if (isInterval && isInstanceId(epoch)) {
      return { instanceId: epoch, intervalMs: every, isQuestion: ask === true };
    }
  } catch {
    // Anyone with permission to publish can send other bytes.
  }
  return undefined;
}
