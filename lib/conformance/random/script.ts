import type { Step } from '../timeline.js';
import { pythonBytes } from './python.js';

/** Returns a program in Python 3 that plays the steps of a failed session. The last step is the one that failed. */
export function scriptOf(steps: readonly Step[], seed: number): string {
  const lines = steps.map((step, i) => callOf(step, i === steps.length - 1)).filter((line) => line !== '');
  return `${head(seed)}\n${lines.join('\n')}\n`;
}

function callOf({ client, action, bytes = Buffer.alloc(0) }: Step, isLast: boolean): string {
  const name = JSON.stringify(client);
  const data = pythonBytes(bytes);
  if (action === 'connects') return `${client} = Client(${name})`;
  if (action === 'sends') return `${client}.send(${data})`;
  if (action === 'stops reading') return `${client}.stop_reading()`;
  if (action === 'reads again') return `${client}.is_reading.set()`;
  if (action.startsWith('ends')) return `${client}.socket.shutdown(socket.SHUT_WR)`;
  if (action.startsWith('resets')) return `${client}.reset()`;
  const any = action.includes('in any order') ? ', in_any_order=True' : '';
  return isLast ? `${client}.check(${data}${any})` : `${client}.receive(${data})`;
}

const head = (seed: number): string => `#!/usr/bin/env python3
"""A session that fails, found by mini-serv conformance --random 1 --seed ${seed}.

Start the server in another terminal, as ./mini_serv 4242, and then: python3 THIS_FILE 4242
Start the server again before each run. Exit code 1: the server is wrong. 0: it is right. 2: it is not running.
"""
import select, socket, struct, sys, threading, time

if len(sys.argv) != 2:
    sys.exit("usage: python3 " + sys.argv[0] + " PORT")
SECONDS = 5  # to wait for what should be received


class Client:
    def __init__(self, name):
        self.name, self.received, self.is_reading = name, bytearray(), threading.Event()
        try:
            self.socket = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        except ConnectionRefusedError:
            print("nothing listens on port", sys.argv[1])
            sys.exit(2 if name == "A" else 1)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.is_reading.set()
        threading.Thread(target=self.read, daemon=True).start()
        time.sleep(0.1)

    def read(self):
        try:
            while True:
                self.is_reading.wait()
                if select.select([self.socket], [], [], 0.05)[0]:
                    data = self.socket.recv(65536)
                    if not data:
                        return
                    self.received += data
        except (OSError, ValueError):
            pass  # its connection was reset

    def send(self, data):
        print(self.name, "sends", data[:60])
        self.socket.sendall(data)
        time.sleep(0.1)  # or the next packet could be joined with this one

    def stop_reading(self):
        self.is_reading.clear()
        time.sleep(0.1)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        time.sleep(0.1)

    def receive(self, expected):
        end = time.time() + SECONDS
        while len(self.received) < len(expected) and time.time() < end:
            time.sleep(0.01)
        data = bytes(self.received[: len(expected)])
        del self.received[: len(expected)]
        print(self.name, "receives", data[:60])
        return data

    def check(self, expected, in_any_order=False):
        data = self.receive(expected)
        order = sorted if in_any_order else list
        if order(data.split(b"\\n")) == order(expected.split(b"\\n")):
            print("the server is right")
            sys.exit(0)
        print("expected", expected[:200])
        print("received", data[:200])
        sys.exit(1)

`;
