import type { Case } from '../../lib/conformance/case.js';
import type { Reporter, Stop, Summary } from '../../lib/conformance/reporter.js';
import { type Result, runCases } from '../../lib/conformance/run.js';
import { summarize } from '../../lib/conformance/summary.js';
import { STOP_REASONS } from '../../lib/conformance/verdict-sentence.js';
import { type Prepared, prepare } from './prepare.js';
import type { ProgressView } from './progress.js';
import { openReports, type Reports } from './reports.js';
import type { TestRequest } from './request.js';
import type { Screen } from './screen.js';

/** One run of the cases, with its reports and its progress. */
export class Session {
  readonly #request: TestRequest;
  readonly #prepared: Prepared;
  readonly #reports: Reports;
  readonly #view: ProgressView;
  readonly #abort = new AbortController();
  readonly #results: Result[] = [];
  #hasEnded = false;

  private constructor(request: TestRequest, prepared: Prepared, reports: Reports, screen: Screen) {
    this.#request = request;
    this.#prepared = prepared;
    this.#reports = reports;
    this.#view = screen.showProgress(request);
  }

  /** Compiles the source and opens the files of the reports, without running anything. */
  static async open(request: TestRequest, screen: Screen): Promise<Session> {
    const { plan, reports: requests, explain } = request;
    const prepared = await prepare(plan);
    const reports = await openReports(requests, explain, screen, plan.command);
    return new Session(request, prepared, reports, screen);
  }

  /** @param first the names of the cases that run before the others */
  async run(first: ReadonlySet<string> = new Set()): Promise<Summary> {
    const { plan, bail, jobs } = this.#request;
    const isFirst = ({ name }: Case): boolean => first.has(name);
    const cases = [...plan.cases.filter(isFirst), ...plan.cases.filter((one) => !isFirst(one))];
    this.#emit((reporter) => reporter.onStart?.(plan));
    try {
      await runCases({
        ...this.#prepared,
        cases,
        timeoutMs: plan.timeoutMs,
        signal: this.#abort.signal,
        ...(bail && { bail: plan.required }),
        ...(jobs !== undefined && { jobs }),
        onStart: (one) => {
          this.#emit((reporter) => reporter.onCaseStart?.(one));
          this.#view.onCaseStart(one);
        },
        onResult: (result) => this.#onResult(result),
      });
      await this.#view.end();
      const hasBailed = this.#results.some(({ reason }) => reason === STOP_REASONS.bail);
      try {
        return this.#end(hasBailed ? 'bail' : undefined);
      } finally {
        // A report that cannot be written does not keep the others from being saved.
        this.#reports.save();
      }
    } finally {
      await this.#view.end();
      this.#reports.close();
    }
  }

  /** Writes the report of the cases that have ended so far, but not to files. */
  interrupt(): void {
    if (!this.#hasEnded) this.#end('interrupted');
  }

  /** Ends the run, and {@link run} rejects. */
  abort(): void {
    this.#abort.abort();
  }

  #onResult(result: Result): void {
    this.#results.push(result);
    const progress = { finished: this.#results.length, total: this.#request.plan.cases.length };
    this.#emit((reporter) => reporter.onResult?.(result, progress));
    this.#view.onResult(result, progress);
  }

  #end(stop: Stop | undefined): Summary {
    const summary = summarize(this.#request.plan, this.#results, stop);
    void this.#view.end();
    this.#emit((reporter) => reporter.onEnd(summary));
    this.#hasEnded = true;
    return summary;
  }

  #emit(event: (reporter: Reporter) => string | undefined): void {
    if (this.#hasEnded) return;
    this.#reports.emit((reporter) => {
      const text = event(reporter);
      if (text) this.#view.hide();
      return text;
    });
  }
}
