import { expect } from 'chai';
import { draw } from '../../bench/draw.js';
import type { ContestResult, Results } from '../../bench/results.js';

function results(...contests: ContestResult[]): Results {
  return {
    date: '2026-01-02T03:04:05.000Z',
    machine: { processor: '2 × <fast> & "cheap"' },
    versions: { node: 'v20.0.0', ncat: 'Ncat: Version 7', redis: 'Redis server v=7.0.15 bits=64' },
    rounds: 1,
    seconds: 1,
    contests,
  };
}

const CONTEST: ContestResult = {
  name: 'churn',
  metric: 'rate',
  unit: 'clients/s',
  less: false,
  entries: [
    { name: 'mini-serv', samples: [{ rate: 1000 }, { rate: 2000 }, { rate: 3000 }] },
    { name: 'other', samples: [{ rate: 500 }] },
    { name: 'bad', samples: [{ rate: 9e9 }], disqualified: 'it sent <script>' },
    { name: 'absent', samples: [], missing: 'ncat is not installed' },
  ],
};

const widths = (svg: string): number[] =>
  [...svg.matchAll(/<rect class="(?:own|bar)"[^>]* width="([\d.]+)"/g)].map(([, width]) => Number(width));

describe('draw() of the bench', () => {
  const svg = draw(results(CONTEST), ['churn']);

  it('shows the date, the machine and the versions', () => {
    for (const part of [
      '2026-01-02',
      '2 × &lt;fast&gt; &amp; &quot;cheap&quot;',
      'v20.0.0',
      'Ncat: Version 7 · redis 7.0.15<',
    ]) {
      expect(svg).to.include(part);
    }
  });

  it('draws a bar as long as the median for each measured entry', () => {
    const [own, other, ...more] = widths(svg) as [number, number];
    expect(more).to.deep.equal([]);
    expect(own / other).to.be.closeTo(4, 0.05);
  });

  it('shows the reason for a missing bar, and escapes text that comes from a relay', () => {
    expect(svg).to.include('disqualified: it sent &lt;script&gt;');
    expect(svg).to.include('ncat is not installed');
    expect(svg).not.to.include('<script>');
  });

  it('has a background of its own, and colours for dark mode', () => {
    expect(svg).to.include('prefers-color-scheme: dark');
    expect(svg).to.include('class="background"');
  });

  it('closes every element that it opens', () => {
    const open: string[] = [];
    for (const [, slash, name, empty] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (slash === '/') expect(open.pop()).to.equal(name);
      else if (empty !== '/') open.push(name as string);
    }
    expect(open).to.deep.equal([]);
  });

  it('omits contests without results, and contains no invalid number', () => {
    const nothing = draw(results({ ...CONTEST, entries: [] }), ['churn', 'idle']);
    for (const each of [svg, nothing]) expect(each).not.to.match(/NaN|Infinity|undefined/);
    expect(nothing).not.to.include('>idle<');
  });
});
