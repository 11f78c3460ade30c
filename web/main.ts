import { Connection, NO_TOKEN } from './connection.js';
import { find, setText } from './dom.js';
import { Feed } from './feed/feed.js';
import type { Frame } from './feed/frames.js';
import { isToken } from './feed/socket.js';
import { JoinForm } from './join/join-form.js';
import { Numbers } from './numbers/numbers.js';
import { People } from './people/people.js';
import { Room } from './room/room.js';

/** Connects the parts of the page with the relay. */
function start(token: string): void {
  const room = new Room();
  const numbers = new Numbers();
  const people = new People((client) => room.showOnly(client));
  const joinForm = new JoinForm(token, (id) => {
    people.setOwnId(id);
    if (id !== undefined) room.addOwnId(id);
  });
  const connection = new Connection(() => feed.start());
  let wasConnected = false;
  const onFrame = (frame: Frame): void => {
    if (frame.type === 'skip') room.skipTo(frame.messages);
    else if (frame.type === 'samples') numbers.add(frame.samples);
    else if (frame.type === 'hello') {
      connection.greet(frame);
      joinForm.enable(frame.maxLineBytes);
      numbers.reset(frame);
      if (wasConnected) room.noteInterruption();
      wasConnected = true;
    } else {
      connection.report(frame);
      numbers.add([frame.sample]);
      people.show(frame);
      joinForm.refresh();
    }
  };
  const feed = new Feed(token, {
    onBytes: (bytes) => room.receive(bytes),
    onFrame,
    onState(state) {
      connection.setState(state);
      if (state.kind !== 'open') joinForm.disable();
    },
  });
  feed.start();
  // A browser may keep the page for its back button. It leaves the room nevertheless.
  addEventListener('pagehide', () => {
    joinForm.leave();
    feed.stop();
  });
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) feed.start();
  });
}

/** Moves the focus without changing the fragment of the address, which is the token. */
function enableSkipLink(): void {
  find('skip', HTMLAnchorElement).addEventListener('click', (event) => {
    event.preventDefault();
    find('transcript', HTMLElement).focus();
  });
}

// The token of another start of the relay may be pasted into the address of an open page.
addEventListener('hashchange', () => location.reload());
enableSkipLink();
const token = location.hash.slice(1);
if (isToken(token)) start(token);
else {
  const state = find('connection', HTMLElement);
  state.dataset.state = 'refused';
  setText(state, NO_TOKEN);
}
