import type { Case } from '../case.js';
import { Failure } from '../failure.js';
import { joinLines, leftNotice, relayedLine, relayedLines } from '../messages.js';

const TINY_MESSAGES = Array.from({ length: 2000 }, (_, i) => `${i}`);
const MANY_LINES = Array.from({ length: 5000 }, (_, i) => `line ${i}`);

export const LINES: readonly Case[] = [
  {
    name: 'lines',
    rank: 'subject',
    title: 'a line of a client is sent to all other clients, with its id in front',
    paragraph: 'resend',
    hint: 'Send "client %d: " and then the line with its \\n to every descriptor except the one it came from.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      await room.sendLine(a, 'hello');
      await room.sendLine(b, 'hello to you');
      await room.sendLine(a, 'how are you?');
      await room.sendLine(c, 'fine');
    },
  },
  {
    name: 'not-to-oneself',
    rank: 'subject',
    title: 'a client does not receive its own lines',
    paragraph: 'resend',
    hint: '"all the other client": skip the descriptor that the message came from.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      await room.sendLine(a, 'hello');
      // An echo to A would come before this line.
      await room.sendLine(b, 'done');
      if (a.echo !== undefined) {
        throw new Failure({
          what: 'A received its own line',
          expected: Buffer.from(relayedLine(b.id, 'done')),
          received: a.echo,
        });
      }
    },
  },
  {
    name: 'every-line',
    rank: 'subject',
    title: 'each line of a message has the id in front',
    paragraph: 'multiple',
    hint: 'One recv can return several lines. Take them one by one (extract_message) and send each with its prefix.',
    async run(room) {
      const [a] = await room.joinThree();
      a.send('one\ntwo\nthree\n');
      await room.expectOthers(a, relayedLines(a.id, ['one', 'two', 'three']));
      await room.sendLine(a, 'four');
    },
  },
  {
    name: 'printable',
    rank: 'subject',
    title: 'every printable character is relayed unchanged',
    paragraph: 'printable',
    hint: 'The text of a client must not be the format of sprintf, because it may contain %: use sprintf(buffer, "%s", text).',
    async run(room) {
      const [a, b] = await room.joinThree();
      const characters = Array.from({ length: 95 }, (_, i) => String.fromCharCode(0x20 + i)).join('');
      await room.sendLine(a, `<${characters}>`);
      await room.sendLine(b, '%s%s%n%d 100% \\n "quoted"');
      await room.sendLine(a, 'server: client 1 just left');
    },
  },
  {
    name: 'empty-lines',
    rank: 'exam',
    title: 'an empty line is relayed like any other',
    paragraph: 'resend',
    hint: 'A message can be a single "\\n". The other clients then receive "client %d: \\n".',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      await room.sendLine(a, '');
      await room.sendLine(b, '');
      await room.sendLine(b, '');
      a.send('\n\nhello\n\nworld\n\n');
      for (const other of [b, c]) await other.expectTexts(a.id, ['', '', 'hello', '', 'world', '']);
      await room.sendLine(a, 'end');
    },
  },
  {
    name: 'blanks',
    rank: 'exam',
    title: 'spaces, tabs and \\r at both ends of a line are kept',
    paragraph: 'printable',
    hint: 'Only \\n ends a line. Do not trim anything: no space, no tab, no \\r.',
    async run(room) {
      const [a] = await room.joinThree();
      for (const line of ['  both  ', '\ttab\t', ' ', 'return\r', '\r', 'end']) await room.sendLine(a, line);
    },
  },
  {
    name: 'many-lines',
    rank: 'exam',
    title: '5,000 lines in one packet are all relayed, before the notice that their client left',
    paragraph: 'multiple',
    hint: 'Read until recv returns 0, and send all complete lines before the notice.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      room.removeReceiver(b);
      b.end(joinLines(MANY_LINES));
      for (const other of [a, c]) {
        await other.expectTexts(b.id, MANY_LINES);
        await other.expect(leftNotice(b.id));
      }
    },
  },
  {
    name: 'tiny-messages',
    rank: 'exam',
    title: '2,000 tiny messages at once are all relayed in order',
    paragraph: 'fast',
    hint: 'One recv can return many messages, and can end in the middle of one.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      await room.timeline.asOneStep(
        'A sends 2,000 messages, from 0\\n to 1999\\n, as fast as it can',
        async () => {
          for (const line of TINY_MESSAGES) a.send(`${line}\n`);
        },
      );
      for (const other of [b, c]) await other.expectTexts(a.id, TINY_MESSAGES);
      await room.sendLine(b, 'done');
    },
  },
  {
    name: 'two-listeners',
    rank: 'exam',
    title: 'while two clients send at once, two others receive the same lines in the same order',
    paragraph: 'resend',
    hint: 'Send each line to all clients before you take the next one.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      const d = await room.join();
      await room.timeline.asOneStep(
        'A and B each send a line at the same time, 20 times; C and D receive both',
        async () => {
          for (let i = 0; i < 20; i++) {
            const lines = [relayedLine(a.id, `one ${i}`), relayedLine(b.id, `other ${i}`)] as const;
            a.send(`one ${i}\n`);
            b.send(`other ${i}\n`);
            const first = (await c.readLine(Buffer.from(lines[0]))).toString('latin1');
            const order = first === lines[1] ? [lines[1], lines[0]] : [...lines];
            if (first !== order[0]) throw c.failure(Buffer.from(lines[0]), Buffer.from(first, 'latin1'));
            await c.expect(order[1] as string);
            await d.expect(...order);
          }
        },
      );
    },
  },
];
