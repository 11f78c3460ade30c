import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { createRandomCase } from '../../bin/conformance/create-random-case.js';
import { type Case, RANKS } from '../../lib/conformance/case.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import { Failure } from '../../lib/conformance/failure.js';
import { defaultJobs, runCases } from '../../lib/conformance/run.js';
import { addCleanup } from '../support/cleanup.js';
import { MINI_SERV, RELAY, script } from '../support/conformance.js';
import { textOf } from '../support/files.js';
import { folder } from '../support/modules.js';
import { isAlive } from '../support/proc.js';
import { eventually, waitTurns, within } from '../support/waiting.js';

/** Longer than any spec waits: a case that reaches it was not stopped. */
const ENDLESS_MS = 600_000;

/** Returns a case that needs no server. */
const caseThat = (name: string, run: () => Promise<void>, alone = false): Case => ({
  name,
  rank: 'beyond',
  title: name,
  paragraph: 'purpose',
  hint: '',
  alone,
  run,
});

/** Returns a server that never answers, and the process ids of all that were started. */
async function silentServer(): Promise<{ command: string[]; pids: () => number[] }> {
  const file = join(await folder({}), 'pids');
  const command = script(`
    require('node:fs').appendFileSync(${JSON.stringify(file)}, process.pid + ' ');
    net.createServer(() => {}).listen(port, '127.0.0.1')`);
  // The file can be read before a server has written to it.
  const pids = (): number[] => (textOf(file).match(/\d+(?= )/g) ?? []).map(Number);
  return { command, pids };
}

const casesNamed = (...names: string[]): Case[] => CASES.filter(({ name }) => names.includes(name));

/** Passes with each server that listens. Only one case runs at a time before that. */
const LISTENS = casesNamed('listens');

describe('runCases()', () => {
  it('runs as many cases as allowed at the same time, and some of them alone', async () => {
    const running = new Set<string>();
    const seen = new Set<string>();
    const observed = (name: string, alone?: boolean): Case => {
      const run = async (): Promise<void> => {
        running.add(name);
        await waitTurns();
        seen.add([...running].sort().join(''));
        running.delete(name);
      };
      return caseThat(name, run, alone);
    };
    const cases = [
      ...LISTENS,
      ...['a', 'b', 'c'].map((name) => observed(name)),
      observed('d', true),
      observed('e'),
    ];
    const results = await runCases({ command: RELAY, cases, timeoutMs: ENDLESS_MS, jobs: 2 });
    expect(results.map(({ outcome }) => outcome)).to.deep.equal(Array(6).fill('passed'));
    expect([...seen])
      .to.include.members(['ab', 'd', 'e'])
      .and.to.not.include('abc');
    expect(defaultJobs()).to.be.within(4, 16);
  });

  it('reports results in the order of the cases, and names each that starts', async () => {
    let endFirst = (): void => {};
    const first = new Promise<void>((resolve) => {
      endFirst = resolve;
    });
    const log: string[] = [];
    const cases = [...LISTENS, caseThat('first', () => first), caseThat('second', async () => endFirst())];
    await runCases({
      command: RELAY,
      cases,
      timeoutMs: ENDLESS_MS,
      jobs: 2,
      onStart: ({ name }) => log.push(`start ${name}`),
      onResult: (result) => log.push(`${result.case.name} ${result.outcome}`),
    });
    expect(log.slice(2)).to.deep.equal(['start first', 'start second', 'first passed', 'second passed']);
  });

  it('with bail, stops all running cases at the first failure', async () => {
    const { command, pids } = await silentServer();
    const failing = caseThat('failing', async () => {
      await eventually('the servers', () => pids().length === 3);
      throw new Failure({ what: 'wrong' });
    });
    const cases = [...LISTENS, failing, ...casesNamed('arrivals', 'lines', 'leaves')];
    const trial = { command, cases, timeoutMs: ENDLESS_MS, jobs: 3, bail: RANKS };
    const results = await within(runCases(trial), 'the end of the run');
    expect(results.map(({ outcome }) => outcome)).to.deep.equal([
      'passed',
      'failed',
      ...Array(3).fill('skipped'),
    ]);
    await eventually('the end of the servers', () => !pids().some(isAlive));
  });

  it('stops all running cases if one of them throws an error of the kit', async () => {
    const { command, pids } = await silentServer();
    const broken = caseThat('broken', async () => {
      await eventually('the server', () => pids().length === 2);
      throw new TypeError('a bug in the kit');
    });
    const cases = [...LISTENS, broken, ...casesNamed('arrivals')];
    const run = runCases({ command, cases, timeoutMs: ENDLESS_MS, jobs: 2 });
    const error = await within(
      run.catch((reason: unknown) => reason),
      'the end of the run',
    );
    expect(error).to.be.instanceOf(TypeError);
    expect(pids().some(isAlive)).to.equal(false);
  });

  it('stops random sessions as well when the run is aborted', async () => {
    const { command, pids } = await silentServer();
    const cases = [createRandomCase('exam', { random: 100, seed: 1, jobs: 2, subject: 'common' })];
    const abort = new AbortController();
    const onResult = (): void => expect.fail('a result was reported');
    const trial = { command, cases, timeoutMs: ENDLESS_MS, signal: abort.signal, onResult };
    const ended = runCases(trial).catch((reason: unknown) => reason);
    await eventually('a server', () => pids().length > 0);
    abort.abort();
    expect(await within(ended, 'the end of the run')).to.equal(abort.signal.reason);
    expect(pids().some(isAlive)).to.equal(false);
  });
});

describe('mini-serv conformance, with several cases at the same time', () => {
  it('ends all servers when it is ended with Ctrl-C', async () => {
    const { command, pids } = await silentServer();
    const args = [
      'conformance',
      '--only',
      'listens,arrivals,lines,leaves',
      '--jobs',
      '3',
      '--timeout',
      '10m',
      ...command,
    ];
    const kit = spawn(process.execPath, [MINI_SERV, ...args], { stdio: 'ignore' });
    addCleanup(() => void kit.kill('SIGKILL'));
    await eventually('three servers at the same time', () => pids().length === 4);
    const exited = once(kit, 'exit');
    kit.kill('SIGINT');
    expect(await within(exited, 'the end of the kit')).to.deep.equal([130, null]);
    await eventually('the end of the servers', () => !pids().some(isAlive));
  });
});
