// A stream as a room has it, without mini-serv: used to find out what the engine can do.
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, ReplayPolicy } from '@nats-io/jetstream';
import { connect, createInbox, nanos } from '@nats-io/transport-node';

/** The largest record of a relay: the default `max_payload` of the server without the headers. */
export const MAX_RECORD_BYTES = 1024 * 1024 - 512;

export interface Stream {
  /** Stores a record. Resolves when it is acknowledged. */
  publish(record: Uint8Array): Promise<void>;
}

/** @param onRecord receives each stored record, as a relay does: over a pushing consumer with flow control */
export async function openStream(
  port: number,
  name: string,
  onRecord: (record: Uint8Array) => void,
): Promise<Stream> {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  const jsm = await jetstreamManager(connection);
  await jsm.streams.add({
    name,
    subjects: [name],
    max_bytes: 1024 ** 3,
    duplicate_window: nanos(120_000),
  });
  const inbox = createInbox();
  connection.subscribe(inbox, {
    callback: (_error, message) => {
      if (message.reply?.startsWith('$JS.ACK.')) onRecord(message.data);
      else if (message.reply) message.respond();
      const stalled = message.headers?.get('Nats-Consumer-Stalled');
      if (stalled) connection.publish(stalled);
    },
  });
  await jsm.consumers.add(name, {
    deliver_subject: inbox,
    deliver_policy: DeliverPolicy.All,
    ack_policy: AckPolicy.None,
    replay_policy: ReplayPolicy.Instant,
    max_deliver: 1,
    flow_control: true,
    idle_heartbeat: nanos(1000),
    mem_storage: true,
    num_replicas: 1,
  });
  const client = jetstream(connection);
  let published = 0;
  return {
    async publish(record) {
      const msgID = `0123456789abcdef:${published++}:01234567`;
      await client.publish(name, record, { msgID, expect: { streamName: name }, timeout: 10_000 });
    },
  };
}
