import { expect } from 'chai';
import { htmlPage } from '../../../lib/conformance/reporters/html/page.js';
import type { Step } from '../../../lib/conformance/timeline.js';
import { failureOf, STEPS, summaryOf } from '../../support/results.js';

const textOf = (html: string): string => html.replace(/<[^>]*>/g, '');
const svgOf = (html: string): string => /<svg[\s\S]*<\/svg>/.exec(html)?.[0] ?? '';
const DIFFERENCE = {
  expected: Buffer.from('client 0: one\nclient 0: two\n'),
  received: Buffer.from('client 0: one\ntwo\n'),
};

describe('the sequence diagram', () => {
  it('has a lane for the server and each client, an arrow for each packet, and marks the first wrong byte', () => {
    const svg = svgOf(htmlPage(summaryOf([failureOf('every-line', DIFFERENCE)])));
    expect(svg).to.contain('role="img" aria-labelledby="case-every-line-title case-every-line-desc"');
    expect([...svg.matchAll(/<text class="head"[^>]*>([^<]*)/g)].map(([, name]) => name)).to.deep.equal([
      'server',
      'A',
      'B',
    ]);
    expect(svg.match(/class="arrow"/g)).to.have.length(STEPS.length + 1);
    expect(textOf(svg)).to.contain(
      '4. A sends one\\ntwo\\n\n5. B should receive client 0: one\\nclient 0: two\\n',
    );
    expect(svg).to.contain('<tspan class="marked">t</tspan>wo\\n');
    expect(svg.match(/<g class="(expected|wrong)">/g)).to.deep.equal([
      '<g class="expected">',
      '<g class="wrong">',
    ]);
  });

  const svgWith = (timeline: readonly Step[], rest = {}, details = {}): string =>
    svgOf(htmlPage(summaryOf([failureOf('lines', details, { timeline, ...rest })])));

  it('shows where clients leave, what they do apart from packets, and how the server ends', () => {
    const svg = svgWith(
      [
        { client: 'A', action: 'connects' },
        { client: 'A', action: 'stops reading' },
        { client: 'B', action: 'connects' },
        { client: 'B', action: 'ends its connection (FIN)' },
        { action: 'the server is killed, and started again on the same port' },
        { client: 'A', action: 'receives', bytes: Buffer.from('x\n') },
      ],
      { exit: { code: null, signal: 'SIGSEGV' } },
      { expected: Buffer.from('x\n'), received: Buffer.alloc(0), end: 'the server closed the connection' },
    );
    expect(svg)
      .to.contain('class="client connects"')
      .and.to.contain('class="client leaves"')
      .and.to.contain('class="dot"');
    expect(svg).to.contain('class="cross"').and.to.contain('the server ended: SIGSEGV');
    expect(textOf(svg)).to.contain('A received nothing').and.to.contain('‹the server closed the connection›');
    const code = svgWith(
      [{ client: 'A', action: 'connects' }],
      { exit: { code: 3, signal: null } },
      { what: 'it ended' },
    );
    expect(textOf(code)).to.contain('it ended').and.to.contain('the server ended: exit code 3');
  });

  it('draws a packet that was sent as such, also if the case failed after it', () => {
    const svg = svgWith([
      { client: 'A', action: 'connects' },
      { client: 'A', action: 'sends', bytes: Buffer.from('x\n') },
    ]);
    expect(svg).to.contain('<g class="wrong">');
    expect(svg).to.not.contain('<g class="expected">');
  });

  it('puts the clients of a crowd into one lane, except the one that failed', () => {
    const names = Array.from({ length: 12 }, (_, i) => String.fromCharCode(65 + i));
    const svg = svgWith([
      ...names.map((client) => ({ client, action: 'connects' })),
      { client: 'K', action: 'receives each of the 20 lines' },
    ]);
    const heads = [...svg.matchAll(/<text class="head"[^>]*>([^<]*)/g)].map(([, name]) => name);
    expect(heads).to.deep.equal(['server', 'A', 'B', 'C', 'D', 'E', 'K', 'others']);
    expect(textOf(svg)).to.contain('L connects').and.to.contain('K should receive each of the 20 lines');
  });

  it('shows in one row that several clients receive the same', () => {
    const receives = (client: string, text: string): Step => ({
      client,
      action: 'receives',
      bytes: Buffer.from(text),
    });
    const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];
    const svg = svgWith([
      ...names.map((client) => ({ client, action: 'connects' })),
      ...names.map((client) => receives(client, 'one\n')),
      receives('A', 'two\n'),
      receives('B', 'two\n'),
      receives('C', 'two\n'),
    ]);
    expect(textOf(svg)).to.contain('A, B, C, D, E, F and 2 more receive').and.to.contain('A and B receive');
    expect(textOf(svg)).to.contain('C should receive');
    expect(svg.match(/class="tip"/g)).to.have.length(names.length * 2 + 2 + 1);
  });

  it('leaves out the middle of a long sequence, of a long text, and of a long line', () => {
    const bytes = Buffer.from(Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join(''));
    const steps = Array.from({ length: 50 }, (): Step => ({ client: 'A', action: 'sends', bytes }));
    const long = { client: 'A', action: 'sends', bytes: Buffer.from('x'.repeat(5000)) };
    const received = Buffer.from(`${'line\n'.repeat(9)}${'a'.repeat(60)}b${'c'.repeat(99)}`);
    const expected = Buffer.from(`${'line\n'.repeat(9)}${'a'.repeat(60)}x`);
    const svg = svgWith([...steps, long], {}, { expected, received });
    expect(textOf(svg))
      .to.contain('… 23 more steps')
      .and.to.contain('… 16 more lines')
      .and.to.contain('… 7 more lines');
    for (const [, length] of svg.matchAll(/textLength="([\d.]+)"/g))
      expect(Number(length)).to.be.at.most(48 * 7.2);
  });

  it('draws the end of a connection by the server as its own, and keeps the lane of a client after its FIN', () => {
    const timeline = [
      { client: 'A', action: 'connects' },
      { client: 'A', action: 'ends its connection (FIN)' },
      { client: 'A', action: 'receives', bytes: Buffer.from('last\n') },
    ];
    const laneOf = (svg: string) =>
      [...svg.matchAll(/class="lane" d="M\d+ \d+V(\d+)"/g)].map(([, end]) => Number(end));
    const [server, client] = laneOf(svgWith([...timeline, { client: 'A', action: 'receives' }]));
    expect(client).to.equal(server);
    const svg = svgWith([...timeline, { client: 'A', action: 'is disconnected after its FIN' }]);
    const [bottom, end] = laneOf(svg) as [number, number];
    expect(end).to.be.below(bottom);
    expect(svg).to.match(
      /<g class="expected"><path class="arrow" d="M58 \d+H138"\/><path class="tip" d="M138 /,
    );
  });

  it('cuts long bytes between two escapes, and has no empty line before the end of a connection', () => {
    const bytes = Buffer.alloc(60, 0xff);
    const received = Buffer.concat([bytes, Buffer.from('b'), bytes]);
    const expected = Buffer.concat([bytes, Buffer.from('a')]);
    const svg = svgWith(
      [
        { client: 'A', action: 'sends', bytes },
        { client: 'A', action: 'receives', bytes },
      ],
      {},
      { expected, received },
    );
    const labels = [...svg.matchAll(/<text class="bytes"[^>]*>(.*?)<\/text>/g)].map(([, label = '']) =>
      textOf(label),
    );
    for (const label of labels) expect(label).to.match(/^(\\xff|b|[ …])+$/);
    const cut = { expected: Buffer.from('one\ntwo\n'), received: Buffer.from('one\n'), end: 'closed' };
    expect(svgWith([{ client: 'A', action: 'receives', bytes }], {}, cut)).to.not.contain('textLength="0"');
  });
});
