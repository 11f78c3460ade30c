import type { EventLog, EventLogReader, LogEvent } from '../../lib/room/event-log.js';

/** A log of a shared room of which the spec decides what the relay reads. */
export class StubLog implements EventLog {
  readonly isFull = false;
  readonly events: LogEvent[] = [];
  reader!: EventLogReader;

  read(reader: EventLogReader): void {
    this.reader = reader;
  }

  clientIds(): number[] {
    return [3, 7];
  }

  append(event: LogEvent): void {
    this.events.push(event);
  }

  resume(): void {}

  async close(): Promise<void> {}

  async destroy(): Promise<void> {}
}
