// One of the processes that own connections: a relay as any other, except that it is given its connections by the
// sequencer, and the order of the room by the sequencer or by NATS.
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { PendingHandle } from '../../lib/relay/client-handle.js';
import { checkOptions } from '../../lib/relay/options.js';
import { createParts } from '../../lib/relay/parts.js';
import { openRoom } from '../../lib/room/open-room.js';
import { CONNECTED, encodeFrame, LEFT } from './frames.js';
import { RoomLog } from './room-log.js';

/** The descriptor of the socket to the sequencer. */
const CHANNEL = 4;

const channel = new Socket({ fd: CHANNEL });
const [url] = process.argv.slice(2);
const room = url === undefined ? new RoomLog(channel) : await openRoom(url);
const { clients, fanout } = createParts(new EventEmitter(), checkOptions({ room }), {
  isClosing: () => false,
  onLost: () => process.exit(1),
});
await fanout.spill.prepare(false);

const send = (kind: number, id: number): void => void channel.write(encodeFrame(kind, id));

process.on('message', (id: number, socket: Socket | undefined) => {
  if (socket === undefined) {
    // The client has left already.
    send(CONNECTED, id);
    send(LEFT, id);
    return;
  }
  // Node passes sockets on without this option, and a client that has ended its side would lose what it is owed.
  socket.allowHalfOpen = true;
  if (room instanceof RoomLog) {
    room.nextId = id;
    clients.add(socket, null);
    return;
  }
  const handle = new PendingHandle(socket);
  const onAnswer = (): void => send(CONNECTED, id);
  handle.id.then(onAnswer, onAnswer);
  clients.add(socket, handle);
});
process.on('disconnect', () => process.exit());
