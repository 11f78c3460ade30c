import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pythonBytes } from '../../../lib/conformance/random/python.js';
import { scriptOf } from '../../../lib/conformance/random/script.js';
import type { Step } from '../../../lib/conformance/timeline.js';
import { addCleanup } from '../../support/cleanup.js';
import { describeWith } from '../../support/tools.js';
import { eventually } from '../../support/waiting.js';

const TEXTS = [
  '',
  'hello\n',
  'say "hi"\\n\n',
  '\0\x04\r\x7f\xff\xc3\xa9\n',
  'one\ntwo\nthree',
  'a'.repeat(1000),
  `client 0: ${'abcdefghij'.repeat(1000)}abc\n`.repeat(500),
  `${'x'.repeat(100)}\n`.repeat(3),
  `${'"\\'.repeat(50)}\n`,
];

/** Runs a program in Python to its end. */
async function python(program: string, ...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'mini-serv-python-'));
  addCleanup(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'program.py');
  writeFileSync(file, program);
  const child = spawn('python3', [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  addCleanup(() => void child.kill('SIGKILL'));
  let stdout = '';
  child.stdout.setEncoding('latin1').on('data', (text) => {
    stdout += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout };
}

describe('bytes as an expression of Python', () => {
  it('are a literal if they are short, and a product if they are repeated', () => {
    expect(pythonBytes(Buffer.from('a "b"\n\\\xff', 'latin1'))).to.equal('b"a \\"b\\"\\n\\\\\\xff"');
    expect(pythonBytes(Buffer.from('one\ntwo'))).to.equal('b"one\\ntwo"');
    expect(pythonBytes(Buffer.alloc(0))).to.equal('b""');
    expect(pythonBytes(Buffer.from(`<${'ab'.repeat(9)}>\n`.repeat(7)))).to.equal(
      '(b"<" + b"ab" * 9 + b">\\n") * 7',
    );
  });

  for (const text of TEXTS) {
    it(`are short for ${text.length} bytes that begin with ${JSON.stringify(text.slice(0, 12))}`, () => {
      expect(pythonBytes(Buffer.from(text, 'latin1')).length).to.be.below(150);
    });
  }
});

describeWith('python3', 'the program that plays a session', () => {
  it('has the same bytes as the session', async () => {
    const values = TEXTS.map((text) => pythonBytes(Buffer.from(text, 'latin1')));
    const { stdout } = await python(
      `import sys\nfor data in [${values.join(',')}]: sys.stdout.buffer.write(data + b"|")`,
    );
    expect(stdout).to.equal(TEXTS.map((text) => `${text}|`).join(''));
  });

  const steps: readonly Step[] = [
    { client: 'A', action: 'connects' },
    { client: 'B', action: 'connects' },
    { client: 'B', action: 'stops reading' },
    { client: 'A', action: 'sends', bytes: Buffer.from('hello\n') },
    { client: 'B', action: 'reads again' },
    { client: 'B', action: 'receives', bytes: Buffer.from('welcome\n') },
    { client: 'A', action: 'ends its connection (FIN)' },
    { client: 'B', action: 'resets its connection (RST)' },
    { client: 'C', action: 'connects' },
    {
      client: 'C',
      action: 'receives, in any order of the senders,',
      bytes: Buffer.from('welcome\nsecond\n'),
    },
  ];

  for (const [text, code] of [
    ['second\nwelcome\n', 0],
    ['welcome\nwrong\n', 1],
  ] as const) {
    it(`plays all steps, and ends with ${code} if the last client receives ${JSON.stringify(text)}`, async () => {
      // The events of each connection are kept apart, because those of different connections can come in any order.
      const connections: string[][] = [];
      const server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
        const events: string[] = [];
        socket.write(connections.push(events) === 3 ? text : 'welcome\n');
        socket.on('data', (data) => events.push(`data ${data}`));
        socket.on('end', () => events.push('FIN'));
        socket.on('error', (error: NodeJS.ErrnoException) => events.push(error.code ?? ''));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      addCleanup(() => void server.close());
      const result = await python(scriptOf(steps, 42), `${(server.address() as AddressInfo).port}`);
      expect(result.code).to.equal(code);
      await eventually('the ends of A and B', () => {
        const [a = [], b = []] = connections;
        return a.length > 1 && b.length > 0;
      });
      expect(connections).to.have.length(3);
      expect(connections.slice(0, 2)).to.deep.equal([['data hello\n', 'FIN'], ['ECONNRESET']]);
      expect(result.stdout).to.contain("B receives b'welcome\\n'");
      expect(result.stdout).to.contain(code === 0 ? 'the server is right' : 'expected');
    });
  }
});
