// Shows what the feed delivers. The page itself follows.
const feed = new WebSocket(`ws://${location.host}/feed`, ['mini-serv', location.hash.slice(1)]);
feed.binaryType = 'arraybuffer';
feed.onmessage = ({ data }) => {
  const text = typeof data === 'string' ? `${data}\n` : new TextDecoder().decode(data as ArrayBuffer);
  document.querySelector('#room')?.append(text);
};
