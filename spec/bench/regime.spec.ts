import { expect } from 'chai';
import { cpuTime, regimeText, stealBetween } from '../../bench/regime.js';

describe('regime of the bench', () => {
  it('says whether the limit changed by more than 10 %', () => {
    const same = regimeText({ start: { 'fan-out': 30e6 }, end: { 'fan-out': 31e6 }, steal: 0 });
    expect(same).to.include('fan-out: 30.0 M and 31.0 M (+3 %)').and.include('did not change');
    const slower = regimeText({ start: { 'fan-out': 30e6 }, end: { 'fan-out': 20e6 }, steal: 0 });
    expect(slower).to.include('(-33 %)').and.include('changed by more than 10 %').and.not.include('did not');
  });

  it('shows steal time only if there is any', () => {
    expect(regimeText({ start: {}, end: {}, steal: 0.05 })).to.include('Steal time: 5.0 %');
    expect(regimeText({ start: {}, end: {}, steal: 0 })).not.to.include('Steal');
  });

  it('says when the limit could not be measured', () => {
    expect(regimeText({ start: { a: 1 }, end: {}, steal: 0 })).to.include('could not be measured');
  });

  it('reads the steal time of all processors from /proc/stat', () => {
    const from = cpuTime('cpu  100 0 50 800 10 5 5 30 7 7\ncpu0 1 1 1 1 1 1 1 1 0 0\n');
    expect(from).to.deep.equal({ steal: 30, total: 1000 });
    expect(stealBetween(from, { steal: 40, total: 1100 })).to.equal(0.1);
    expect(stealBetween(from, from)).to.equal(0);
  });
});
