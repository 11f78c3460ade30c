import { execFile } from 'node:child_process';

/** How a tool such as a compiler ended. */
export interface Finished {
  readonly isOk: boolean;
  readonly isMissing: boolean;
  /** The lines of its output. */
  readonly lines: readonly string[];
  /** Why it could not do its work, if that does not depend on the source file. */
  readonly obstacle?: string;
}

const TOOL_TIMEOUT_MS = 60_000;

/** Returns the installed compilers: those that graders use, or else the one of the system. */
export async function chooseCompilers(): Promise<string[]> {
  const found = await findInstalled(['gcc', 'clang']);
  return found.length > 0 ? found : findInstalled(['cc']);
}

async function findInstalled(names: readonly string[]): Promise<string[]> {
  const versions = await Promise.all(names.map((name) => runTool(name, ['--version'])));
  return names.filter((_name, i) => versions[i]?.isMissing === false);
}

/** Runs a tool to its end. Its messages are in English. */
export function runTool(file: string, args: readonly string[]): Promise<Finished> {
  const options = {
    timeout: TOOL_TIMEOUT_MS,
    maxBuffer: 1 << 24,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  };
  return new Promise((resolve) => {
    execFile(file, args, options, (error, stdout, stderr) => {
      const output = stdout + stderr;
      const obstacle = findObstacle(error, output);
      resolve({
        isOk: error === null,
        isMissing: error?.code === 'ENOENT',
        lines: output.split('\n').filter((line) => line.trim() !== ''),
        ...(obstacle !== undefined && { obstacle }),
      });
    });
  });
}

function findObstacle(error: { killed?: boolean | undefined } | null, output: string): string | undefined {
  if (error?.killed === true) return `did not end within ${TOOL_TIMEOUT_MS / 1000} s`;
  const [problem] = /No space left on device|Cannot allocate memory|Killed signal/.exec(output) ?? [];
  return problem && `failed: ${problem}`;
}
