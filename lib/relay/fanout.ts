import { tmpdir } from 'node:os';
import { FlowControl } from '../fanout/flow-control.js';
import { MessageLog } from '../fanout/message-log.js';
import { Pager } from '../fanout/pager.js';
import type { Reader, ReaderOptions } from '../fanout/reader.js';
import { Spill } from '../fanout/spill.js';
import { MiniServError } from '../util/errors.js';
import type { CheckedOptions } from './options.js';
import type { OutputsOptions } from './outputs.js';

export interface FanoutCallbacks {
  readonly warn: (warning: MiniServError) => void;
  /** There is space for spilled segments again. */
  readonly onSpillDrain: () => void;
  /** The message log can take more again. */
  readonly onDrain: () => void;
  /** Whether the room's event log cannot take more. */
  readonly isRoomFull: () => boolean;
}

/** The message log with its memory and disk, the flow control, and what readers are created with. */
export interface Fanout {
  readonly messages: MessageLog;
  readonly pager: Pager;
  readonly spill: Spill;
  readonly flow: FlowControl;
  readonly clientReaders: ReaderOptions;
  readonly outputs: OutputsOptions;
}

/** Creates the parts that carry messages to the readers, and connects them. */
export function createFanout(options: CheckedOptions, callbacks: FanoutCallbacks): Fanout {
  const { memoryBytes, segmentBytes, spillDir = tmpdir(), spillLimitBytes, windowBytes } = options;
  const { clock, fs } = options.environment;
  const { warn, onSpillDrain, onDrain, isRoomFull } = callbacks;
  const spill = new Spill({ fs, dir: spillDir, limitBytes: spillLimitBytes, warn });
  const pager = new Pager({
    clock,
    spill,
    segmentBytes,
    memoryBytes,
    warn,
    onSpillDrain,
    onDrain: () => {
      flow.recheck();
      onDrain();
    },
  });
  // With a window larger than memory, messages would be spilled that every reader is about to take.
  const fittingWindowBytes = Math.max(segmentBytes, Math.min(windowBytes, memoryBytes / 2));
  const flow = new FlowControl({
    clock,
    windowBytes: fittingWindowBytes,
    slowWindowBytes: Math.max(fittingWindowBytes, memoryBytes / 2),
    isFull: () => pager.isFull || isRoomFull(),
  });
  const messages = new MessageLog(segmentBytes, pager, clock);
  const common = { log: messages, clock, onProgress: flow.onReaderProgress };
  const remove = (readers: Set<Reader>, reader: Reader): void => {
    readers.delete(reader);
    flow.recheck();
  };
  return {
    messages,
    pager,
    spill,
    flow,
    clientReaders: {
      ...common,
      onError: ({ message, cause }, { owner: client }) => {
        warn(
          new MiniServError('ERR_SPILL_READ', `client ${client} is disconnected: ${message}`, {
            client,
            cause,
          }),
        );
      },
      onDone: (reader) => remove(flow.clientReaders, reader),
    },
    outputs: {
      ...common,
      onError: (error) => warn(error as MiniServError),
      onStart: (reader) => void flow.outputReaders.add(reader),
      onDone: (reader) => remove(flow.outputReaders, reader),
    },
  };
}
