// Shows what the feed delivers. The page itself follows.
const feed = new WebSocket(`ws://${location.host}/feed`, ['mini-serv', location.hash.slice(1)]);
feed.binaryType = 'arraybuffer';
feed.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
  const text = typeof data === 'string' ? `${data}\n` : new TextDecoder().decode(data);
  document.querySelector('#room')?.append(text);
};
