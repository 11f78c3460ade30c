// The limit of the engine: records that were made before are published, acknowledged and read back.
import { setTimeout as delay } from 'node:timers/promises';
import { LINE } from './clients.js';
import type { Contestant } from './contestant.js';
import { MAX_RECORD_BYTES, openStream } from './stream.js';

const LINES_PER_RECORD = Math.floor(MAX_RECORD_BYTES / LINE.length);
const RECORD = Buffer.from(LINE.repeat(LINES_PER_RECORD));
const WARMUP_MS = 500;

/** @param window number of records in flight; the next one is published when one is read back */
export async function engineAlone(port: number, name: string, window: number): Promise<Contestant> {
  let records = 0;
  let onRecord = (): void => {};
  const stream = await openStream(port, name.replaceAll(/\W/g, ''), () => {
    records++;
    onRecord();
  });
  return {
    name,
    async linesPerSecond(seconds) {
      let published = 0;
      let isStopped = false;
      const before = records;
      const ended = new Promise<void>((resolve, reject) => {
        onRecord = () => {
          while (!isStopped && published - (records - before) < window) {
            published++;
            stream.publish(RECORD).catch(reject);
          }
          if (isStopped && records - before === published) resolve();
        };
      });
      onRecord();
      await delay(WARMUP_MS);
      const [start, first] = [performance.now(), records];
      await delay(seconds * 1000);
      const rate = ((records - first) * LINES_PER_RECORD * 1000) / (performance.now() - start);
      isStopped = true;
      await ended;
      return rate;
    },
    async latencyMs() {
      const start = performance.now();
      const read = new Promise<void>((resolve) => {
        onRecord = resolve;
      });
      await Promise.all([stream.publish(Buffer.from('0\n')), read]);
      return performance.now() - start;
    },
    async stop() {},
  };
}
