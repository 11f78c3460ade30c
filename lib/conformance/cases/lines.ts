import type { Case } from '../case.js';
import { left, said } from '../client.js';
import { Failure } from '../failure.js';

const TINY = Array.from({ length: 2000 }, (_, i) => `${i}`);
const MANY = Array.from({ length: 5000 }, (_, i) => `line ${i}`);

export const LINES: readonly Case[] = [
  {
    name: 'lines',
    rank: 'subject',
    title: 'what one client says, all others hear, with its number before it',
    paragraph: 'resend',
    hint: '"client %d: ", then the line with its \\n, to every descriptor but the one that it came from.',
    async run(room) {
      const [a, b, c] = await room.trio();
      await room.say(a, 'hello');
      await room.say(b, 'hello to you');
      await room.say(a, 'how are you?');
      await room.say(c, 'fine');
    },
  },
  {
    name: 'not-to-oneself',
    rank: 'subject',
    title: 'nobody hears themselves',
    paragraph: 'resend',
    hint: '"all the other client": leave out the descriptor that the message came from.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      await room.say(a, 'hello');
      // Had A been told, it would stand before this.
      await room.say(b, 'done');
      if (a.echo !== undefined) {
        throw new Failure({
          what: 'A heard itself',
          expected: Buffer.from(said(b.id, 'done')),
          came: a.echo,
        });
      }
    },
  },
  {
    name: 'every-line',
    rank: 'subject',
    title: 'the number stands before every line of a message',
    paragraph: 'multiple',
    hint: 'What one recv gives may hold many lines: take them one by one (extract_message), each with its prefix.',
    async run(room) {
      const [a] = await room.trio();
      a.send('one\ntwo\nthree\n');
      await room.others(a, said(a.id, 'one'), said(a.id, 'two'), said(a.id, 'three'));
      await room.say(a, 'four');
    },
  },
  {
    name: 'printable',
    rank: 'subject',
    title: 'every printable character arrives as it is',
    paragraph: 'printable',
    hint: 'A % in what a client says must not reach sprintf as its format: sprintf(buffer, "%s", message).',
    async run(room) {
      const [a, b] = await room.trio();
      const characters = Array.from({ length: 95 }, (_, i) => String.fromCharCode(0x20 + i)).join('');
      await room.say(a, `<${characters}>`);
      await room.say(b, '%s%s%n%d 100% \\n "quoted"');
      await room.say(a, 'server: client 1 just left');
    },
  },
  {
    name: 'empty-lines',
    rank: 'exam',
    title: 'an empty line is a line',
    paragraph: 'resend',
    hint: 'A message may be "\\n" alone; "client %d: \\n" is what the others hear.',
    async run(room) {
      const [a, b, c] = await room.trio();
      await room.say(a, '');
      await room.say(b, '');
      await room.say(b, '');
      a.send('\n\nhello\n\nworld\n\n');
      for (const other of [b, c]) await other.hearsTexts(a.id, ['', '', 'hello', '', 'world', '']);
      await room.say(a, 'end');
    },
  },
  {
    name: 'blanks',
    rank: 'exam',
    title: 'blanks at either end of a line are kept',
    paragraph: 'printable',
    hint: 'Nothing but the \\n ends a line, and nothing is to be trimmed: no blank, no tab, no \\r.',
    async run(room) {
      const [a] = await room.trio();
      for (const line of ['  both  ', '\ttab\t', ' ', 'return\r', '\r', 'end']) await room.say(a, line);
    },
  },
  {
    name: 'pieces',
    rank: 'exam',
    title: 'a line that comes in pieces is said as one, and not mixed with that of others',
    paragraph: 'resend',
    hint: 'Keep what has no \\n yet, for each client by itself, and put what comes next behind it.',
    async run(room) {
      const [a, b, c] = await room.trio();
      // The first piece comes with the end of a line, so that it has been read when that line is heard.
      a.send('first\nhel');
      await room.others(a, said(a.id, 'first'));
      b.send('second\ngood');
      await room.others(b, said(b.id, 'second'));
      a.send('l');
      await room.taken(a);
      await room.say(c, 'between');
      b.send('b');
      await room.taken(b);
      await room.say(c, 'and between');
      a.send('o\n');
      await room.others(a, said(a.id, 'hello'));
      b.send('ye\n');
      await room.others(b, said(b.id, 'goodbye'));
    },
  },
  {
    name: 'unfinished-dropped',
    rank: 'exam',
    title: 'text without a newline is dropped when its client leaves',
    paragraph: 'resend',
    hint: 'When recv gives 0, only the notice is sent; what is in the buffer of the client was never a line.',
    async run(room) {
      const [a, b, c] = await room.trio();
      b.send('finished\nunfinished');
      await room.others(b, said(b.id, 'finished'));
      await room.leave(b);
      await room.say(a, 'done');
      await room.say(c, 'done');
    },
  },
  {
    name: 'unfinished-forgotten',
    rank: 'exam',
    title: 'text without a newline does not get into what the next client says',
    paragraph: 'resend',
    hint: 'The next client gets the same descriptor: empty its buffer when a client leaves (and when one comes).',
    async run(room) {
      const [a, b, c] = await room.trio();
      b.send('finished\nunfinished');
      await room.others(b, said(b.id, 'finished'));
      room.forget(b);
      b.end();
      for (const other of [a, c]) await other.skipsTo(left(b.id));
      const d = await room.join();
      await room.say(d, 'mine');
    },
  },
  {
    name: 'many-lines',
    rank: 'exam',
    title: '5,000 lines in one packet all arrive, before the leaving of who said them',
    paragraph: 'multiple',
    hint: 'Read again until recv gives 0, and send all whole lines before the notice.',
    async run(room) {
      const [a, b, c] = await room.trio();
      room.forget(b);
      b.end(`${MANY.join('\n')}\n`);
      for (const other of [a, c]) {
        await other.hearsTexts(b.id, MANY);
        await other.hears(left(b.id));
      }
    },
  },
  {
    name: 'tiny-messages',
    rank: 'exam',
    title: '2,000 tiny messages at once all arrive, in order',
    paragraph: 'fast',
    hint: 'One recv may give many messages, and end in the middle of one.',
    async run(room) {
      const [a, b, c] = await room.trio();
      await room.quietly('A sends 2,000 messages, from 0\\n to 1999\\n, as fast as it can', async () => {
        for (const line of TINY) a.send(`${line}\n`);
      });
      for (const other of [b, c]) await other.hearsTexts(a.id, TINY);
      await room.say(b, 'done');
    },
  },
  {
    name: 'long-line',
    rank: 'exam',
    title: 'a line of 364 KB arrives whole',
    paragraph: 'resend',
    hint: 'No buffer of a fixed size is large enough for a line: let it grow (realloc).',
    async run(room) {
      const [a] = await room.trio();
      await room.say(a, `${'mini_serv '.repeat(36_400)}.`);
      await room.say(a, 'end');
    },
  },
  {
    name: 'long-line-in-packets',
    rank: 'exam',
    title: 'a line of 87 KB that comes in six packets is one line',
    paragraph: 'resend',
    hint: 'Keep what has no \\n yet and put what comes behind it, however often.',
    async run(room) {
      const [a, b] = await room.trio();
      const piece = 'exam rank 06,'.repeat(1116);
      for (let i = 0; i < 6; i++) {
        a.send(piece);
        await room.taken(a);
      }
      await room.say(b, 'between');
      a.send('\n');
      await room.others(a, said(a.id, piece.repeat(6)));
    },
  },
  {
    name: 'two-listeners',
    rank: 'exam',
    title: 'two who listen hear the same in the same order, while two speak at once',
    paragraph: 'resend',
    hint: 'Send each line to all before you take the next one.',
    async run(room) {
      const [a, b, c] = await room.trio();
      const d = await room.join();
      await room.quietly(
        'A and B each send a line at the same time, 20 times; C and D hear both',
        async () => {
          for (let i = 0; i < 20; i++) {
            const lines = [said(a.id, `one ${i}`), said(b.id, `other ${i}`)] as [string, string];
            a.send(`one ${i}\n`);
            b.send(`other ${i}\n`);
            const first = await c.line(Buffer.from(lines[0]));
            const at = lines.indexOf(first.toString('latin1'));
            if (at === -1) throw c.unexpected(Buffer.from(lines[0]), first);
            await c.hears(lines[1 - at] as string);
            await d.hears(lines[at] as string, lines[1 - at] as string);
          }
        },
      );
    },
  },
];
