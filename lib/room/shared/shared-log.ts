import { type Clock, nodeEnvironment } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import type { EventLog, EventLogReader, LogEvent, RoomStateReader } from '../event-log.js';
import type { RoomState } from '../room-state.js';
import type { Engine } from './engine.js';
import { FailureDetector } from './failure-detector.js';
import type { SharedLogOptions } from './options.js';
import { Outage } from './outage.js';
import { Outbox } from './outbox.js';
import type { ReadRecord, RecordReader } from './record-reader.js';
import { declaredDeadError, lostRecordsError, unsentError } from './room-errors.js';
import { SkippedRecords } from './skipped-records.js';
import type { Snapshot } from './snapshot.js';
import { SnapshotWriter } from './snapshot-writer.js';

const NULL_READER: RoomStateReader = { onIdAssigned() {}, onJoined() {}, onLines() {}, onLeft() {} };

/** The log of a room that several relays share over an engine. */
export class SharedLog implements EventLog {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #heartbeatMs: number;
  readonly #records: RecordReader;
  readonly #snapshots: SnapshotWriter;
  readonly #outbox: Outbox;
  readonly #outage: Outage;
  readonly #skipped = new SkippedRecords((warning) => this.#warn(warning));
  /** Warnings from before the log had a reader. */
  #earlyWarnings: MiniServError[] = [];
  #failureDetector: FailureDetector | null = null;
  #reader: EventLogReader | null = null;
  #status: 'open' | 'closing' | 'ended' = 'open';
  #lostReason: MiniServError | null = null;
  #isDestroyed = false;
  #onCaughtUp: (error?: Error) => void = () => {};
  #onDown: () => void = () => {};

  constructor(options: SharedLogOptions, records: RecordReader, snapshot: Snapshot | undefined) {
    const { engine, clock = nodeEnvironment.clock, instanceId, timeoutMs, onWarning } = options;
    this.#engine = engine;
    this.#clock = clock;
    this.#heartbeatMs = options.heartbeatMs ?? 1000;
    this.#records = records;
    this.#snapshots = new SnapshotWriter(
      { engine, clock, reader: records, onWarning: (warning) => this.#warn(warning) },
      snapshot,
    );
    this.#outage = new Outage({
      clock,
      name: options.name ?? 'the engine',
      timeoutMs,
      onBegin: (reason) => (this.#reader === null ? onWarning?.(reason) : this.#reader.onOutage(reason)),
      onEnd: () => this.#endOutage(),
      onTimeout: (reason) => this.#lose(reason),
    });
    this.#outbox = new Outbox({
      engine,
      clock,
      instanceId,
      onDrain: () => this.#reportDrain(),
      onError: (error) => this.#outage.begin('publishing', error),
      onRefused: (reason) => this.#lose(reason),
      onStored: () => this.#outage.end('publishing'),
    });
  }

  get isFull(): boolean {
    return this.#outage.isActive || this.#outbox.isFull;
  }

  get state(): RoomState {
    return this.#records.state;
  }

  /** Resolves when all records that the engine had stored at the start have been read. */
  async catchUp(): Promise<void> {
    const caughtUp = new Promise<void>((resolve, reject) => {
      this.#onCaughtUp = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.#engine.read(this.#records.fromSequence, {
      onRecord: (sequence, time, bytes) => this.#read(sequence, time, bytes),
      onHeartbeat: (bytes) => this.#failureDetector?.onHeartbeat(bytes),
      onOutage: (reason) => this.#outage.begin('connection', reason),
      onReconnect: () => this.#outage.end('connection'),
      onLost: (reason) => this.#lose(reason),
    });
    this.#checkCaughtUp();
    await caughtUp;
  }

  /** A stored snapshot was skipped, because another program wrote it. */
  onSkippedSnapshot(reason: string): void {
    this.#skipped.onSnapshot(reason);
  }

  read(reader: EventLogReader): void {
    if (this.#failureDetector !== null) {
      throw new MiniServError('ERR_STATE', 'the room belongs to another relay; open it again for each relay');
    }
    if (this.#isDestroyed || (this.#status !== 'open' && this.#lostReason === null)) {
      throw new MiniServError('ERR_STATE', 'the room is closed; open it again');
    }
    const lost = this.#lostReason;
    const outage = this.#outage.reason;
    this.#reader = reader;
    this.#failureDetector = this.#startFailureDetector();
    // A relay has no listeners before its constructor returns.
    this.#clock.setImmediate(() => this.#reportEarlier(reader, lost, outage));
    this.#engine.resume();
  }

  clientIds(): number[] {
    return this.state.clientIds;
  }

  append(event: LogEvent): void {
    if (this.#status !== 'ended') this.#outbox.push(event);
  }

  resume(): void {
    if (this.#status !== 'ended' && this.#reader?.isFull() === false) this.#engine.resume();
  }

  async close(): Promise<void> {
    if (this.#status !== 'open') return;
    this.#status = 'closing';
    const { instanceId, pendingBytes } = this.#outbox;
    // A relay that has never stored a record is unknown to the others and has nothing to end.
    if (pendingBytes === 0 && this.state.instances.get(instanceId) === undefined) return;
    const down = new Promise<void>((resolve) => {
      this.#onDown = resolve;
    });
    this.append({ kind: 'down', instanceId });
    await down;
    // If this was the last relay, no other relay saves a snapshot of the end.
    await this.#snapshots.save();
  }

  async destroy(): Promise<void> {
    this.#isDestroyed = true;
    const { pendingBytes } = this.#outbox;
    const wasOpen = this.#status !== 'ended' || this.#lostReason !== null;
    if (pendingBytes > 0 && wasOpen) this.#reader?.onWarning(unsentError(pendingBytes));
    this.#stop();
    this.#reader = null;
    await this.#engine.close();
  }

  /** Reports what happened before the log had a reader, unless it is over. */
  #reportEarlier(
    reader: EventLogReader,
    lost: MiniServError | null,
    outage: MiniServError | undefined,
  ): void {
    if (this.#isDestroyed) return;
    for (const warning of this.#earlyWarnings) reader.onWarning(warning);
    this.#earlyWarnings = [];
    if (lost !== null) reader.onLost(lost);
    else if (outage !== undefined && outage === this.#outage.reason) reader.onOutage(outage);
  }

  #warn(warning: MiniServError): void {
    if (this.#reader === null) this.#earlyWarnings.push(warning);
    else this.#reader.onWarning(warning);
  }

  #startFailureDetector(): FailureDetector {
    return new FailureDetector({
      clock: this.#clock,
      instanceId: this.#outbox.instanceId,
      intervalMs: this.#heartbeatMs,
      send: (heartbeat) => this.#engine.sendHeartbeat(heartbeat),
      instanceIds: () => this.state.instances.ids,
      isUnreachable: () => this.#outage.isActive,
      declareDown: (instanceId) => this.append({ kind: 'down', instanceId }),
      onEchoLost: () => this.#outage.begin('heartbeats', new Error('its heartbeats do not come back')),
      onEchoBack: () => this.#outage.end('heartbeats'),
    });
  }

  #stop(): void {
    this.#status = 'ended';
    this.#failureDetector?.stop();
    this.#outage.stop();
    this.#outbox.close();
    this.#snapshots.stop();
    this.#engine.pause();
  }

  #lose(reason: MiniServError): void {
    if (this.#lostReason !== null || this.#status === 'ended') return;
    this.#lostReason = reason;
    this.#stop();
    this.#onCaughtUp(reason);
    this.#onDown();
    this.#reader?.onLost(reason);
  }

  #endOutage(): void {
    this.#outbox.retry();
    this.#snapshots.retry();
    this.#reader?.onReconnect();
    this.#reportDrain();
  }

  #reportDrain(): void {
    if (!this.isFull) this.#reader?.onDrain();
  }

  /** Stops reading when everything is read, until this log has a reader. */
  #checkCaughtUp(): void {
    if (this.#reader !== null || this.#records.sequence < this.#engine.lastSequence) return;
    this.#engine.pause();
    this.#onCaughtUp();
  }

  #read(sequence: number, time: number, bytes: Uint8Array): void {
    if (this.#status === 'ended') return;
    const { instanceId } = this.#outbox;
    const result = this.#records.read(sequence, time, bytes, this.#reader ?? NULL_READER, instanceId);
    if (result === undefined) return;
    this.#onRecord(sequence, bytes.length, result);
    this.#checkCaughtUp();
    if (this.#reader?.isFull() === true) this.#engine.pause();
  }

  #onRecord(sequence: number, bytes: number, { record, problem, missing }: ReadRecord): void {
    const { instanceId } = this.#outbox;
    const isOwn = record?.instanceId === instanceId;
    if (problem !== undefined) this.#skipped.onRecord(sequence, problem);
    if (record !== undefined) {
      this.#failureDetector?.onActivity(record.instanceId);
      if (isOwn) this.#outbox.onRead(record);
    }
    if (missing !== undefined && missing > 0) this.#reportMissing(missing, isOwn);
    // A record that does not count may have been written by another program, so every relay saves the snapshot.
    this.#snapshots.onRecord(isOwn || missing === undefined, bytes);
    if (this.state.instances.isDown(instanceId)) this.#endOwnInstance();
  }

  #reportMissing(missing: number, isOwn: boolean): void {
    const error = lostRecordsError(missing);
    // A client that waits for its id, which one of the lost records requested, would wait forever.
    if (isOwn) this.#lose(error);
    else this.#reader?.onWarning(error);
  }

  #endOwnInstance(): void {
    if (this.#status === 'closing') this.#onDown();
    else this.#lose(declaredDeadError());
  }
}
