import type { Case, Rank } from './case.js';
import type { Cause } from './causes.js';
import type { Result } from './run.js';
import type { Subject } from './subject.js';
import type { Paint } from './text.js';
import type { Count, Verdict } from './verdict.js';

/** The work before it begins. */
export interface Plan {
  /** The command under test as the user wrote it: a source file is not replaced by the compiled program. */
  readonly command: readonly string[];
  /** The path of the source file, if one is tested. */
  readonly sourcePath?: string;
  /** The text of the subject, unless it is the common one. */
  readonly subject?: Subject;
  /** The cases in the order of the report, rank by rank. */
  readonly cases: readonly Case[];
  /** The ranks whose cases have to pass. */
  readonly required: readonly Rank[];
  /** Whether the cases were chosen by name, so that they do not cover their ranks. */
  readonly isSelection: boolean;
  readonly timeoutMs: number;
}

/** How far a run is. */
export interface Progress {
  readonly finished: number;
  readonly total: number;
}

/** The event that ended a run early. */
export type Stop = 'bail' | 'interrupted';

/** The end of a run. Equal runs have equal summaries: it holds no times, ports or process ids. */
export interface Summary {
  readonly plan: Plan;
  /** One for each case of the plan, in its order. A case that was not run is skipped. */
  readonly results: readonly Result[];
  /** The results by rank. Their sums are the same in all reports. */
  readonly counts: readonly Count[];
  readonly verdict: Verdict;
  /** The verdict as one line without a newline. */
  readonly sentence: string;
  /** The same without details, ever shorter, for narrow terminals. */
  readonly shorterSentences: readonly string[];
  /** The failures by their cause, in the order of the first failure of each. */
  readonly causes: readonly Cause[];
  readonly stop?: Stop;
}

/** Formats the events of a run. Each method returns the text that follows in the report, which may be empty. */
export interface Reporter {
  readonly onStart?: (plan: Plan) => string;
  /** Several cases can run at the same time. */
  readonly onCaseStart?: (one: Case) => string;
  /** Called in the order of the plan. */
  readonly onResult?: (result: Result, progress: Progress) => string;
  /** Called once, also after Ctrl-C and `--bail`. */
  readonly onEnd: (summary: Summary) => string;
}

/** How a report is to look. Reports for machines ignore it. */
export interface ReportStyle {
  readonly paint: Paint;
  /** The width of the terminal in characters, if the report goes to a terminal. */
  readonly columns?: number | undefined;
  /** Whether a reader waits for the report while the cases run. */
  readonly isStreamed?: boolean;
  /** The names of the cases to explain although they need no explanation, or `all`. */
  readonly explain: readonly string[];
}

export type CreateReporter = (style: ReportStyle) => Reporter;
