"""Thousands of clients in one process: Node would take longer to create them than the relay takes to serve them.

crowd.py PORT WHAT COUNT calls the function WHAT, which opens COUNT connections, and prints `done`. After that it obeys
standard input, a command a line, and prints `done` after each: `send TEXT` (all send it), `close` (FIN), `reset` (RST).
"""
import errno, resource, select, socket, struct, sys

port, what, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else 65536, hard))
RST = struct.pack('ii', 1, 0)


def connect():
    client = socket.create_connection(('127.0.0.1', port), 60)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
    client.close()


def burst():
    """All start to connect before the first one is connected."""
    clients = []
    for _ in range(count):
        client = socket.socket()
        client.setblocking(False)
        assert client.connect_ex(('127.0.0.1', port)) in (0, errno.EINPROGRESS)
        clients.append(client)
    poll = select.poll()
    for client in clients:
        poll.register(client, select.POLLOUT)
    waiting = len(clients)
    while waiting:
        for fd, event in poll.poll():
            assert event == select.POLLOUT, event
            poll.unregister(fd)
            waiting -= 1
    for client in clients:
        client.setblocking(True)
    return clients


def hold():
    """All connect, and stay."""
    return [connect() for _ in range(count)]


def churn():
    """They connect and leave in batches: half with RST, half with FIN, and half of each after an unfinished line."""
    for start in range(0, count, 100):
        clients = [connect() for _ in range(min(100, count - start))]
        for i, client in enumerate(clients):
            if i & 2:
                client.sendall(b'not finis')
        for i, client in enumerate(clients):
            reset(client) if i & 1 else client.close()
    return []


def storm():
    """They connect, send one and a half lines, and leave with RST."""
    for start in range(0, count, 50):
        clients = [connect() for _ in range(min(50, count - start))]
        for client in clients:
            client.sendall(b'a whole line\nhalf of ano')
        for client in clients:
            reset(client)
    return []


def bytewise():
    """All send the same lines, taking turns after each byte."""
    clients = hold()
    for byte in 'one byte at a time: \u00fcn\u00ef, and again\nthe end\n'.encode():
        for client in clients:
            client.sendall(bytes([byte]))
    return clients


clients = globals()[what]()
print('done', flush=True)
for line in sys.stdin:
    command, _, text = line.rstrip('\n').partition(' ')
    for client in clients:
        if command == 'send':
            client.sendall(text.encode().decode('unicode_escape').encode('latin1'))
        elif command == 'reset':
            reset(client)
        else:
            client.close()
    if command != 'send':
        clients = []
    print('done', flush=True)
