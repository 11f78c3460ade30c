// Shows browsers and nc in one room: each WebSocket is a client like any other, with its own pace.
//
//   npm install ws
//   node examples/websocket-bridge.mjs [port] [HTTP port]
//   nc 127.0.0.1 4242, and open http://127.0.0.1:8080
import { createServer } from 'node:http';
import { createRelay } from 'mini-serv';
import { createWebSocketStream, WebSocketServer } from 'ws';

const [port = '4242', httpPort = '8080'] = process.argv.slice(2);

// Each line is an element of its own, and control characters are made visible, so that no client can forge a line.
const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>mini-serv</title>
<form><input autofocus autocomplete="off"></form>
<ol></ol>
<script>
  const socket = new WebSocket('ws://' + location.host);
  const input = document.querySelector('input');
  const decoder = new TextDecoder();
  let rest = '';
  socket.binaryType = 'arraybuffer';
  socket.onmessage = ({ data }) => {
    const lines = (rest + decoder.decode(data, { stream: true })).split('\\n');
    rest = lines.pop();
    for (const line of lines) {
      const item = document.createElement('li');
      item.textContent = line.replace(/[\\p{Cc}\\p{Cf}]/gu, (c) => '\\\\u{' + c.codePointAt(0).toString(16) + '}');
      document.querySelector('ol').append(item);
    }
  };
  document.querySelector('form').onsubmit = (event) => {
    event.preventDefault();
    socket.send(input.value + '\\n');
    input.value = '';
  };
</script>
`;

const relay = createRelay();
const server = createServer((_request, response) => {
  response.setHeader('content-type', 'text/html');
  response.end(PAGE);
});

function isOwnPage({ origin, req }) {
  // Without this check, any page in a browser of this machine could read the room and write to it.
  return origin === undefined || (origin === `http://${req.headers.host}` && isLocal(req.headers.host));
}

function isLocal(host) {
  return host === `127.0.0.1:${server.address().port}` || host === `localhost:${server.address().port}`;
}

new WebSocketServer({ server, verifyClient: isOwnPage }).on('connection', (socket) => {
  relay.handle(createWebSocketStream(socket));
});

console.log(`listening on 127.0.0.1:${await relay.listen(Number(port))}`);
server.listen(Number(httpPort), '127.0.0.1', () => {
  console.log(`open http://127.0.0.1:${server.address().port}`);
});
