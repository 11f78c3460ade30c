import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads the process groups of programs that start (`+ 123`) and end (`- 123`). At the end of its input, which is the end of
 * this process, it waits for a second, sends SIGTERM to the groups, and after another second SIGKILL.
 */
const SCRIPT = `
groups=
while read -r sign group; do
  case $sign in
    +) groups="$groups $group" ;;
    -) rest=
       for other in $groups; do [ "$other" = "$group" ] || rest="$rest $other"; done
       groups=$rest ;;
  esac
done
for signal in TERM KILL; do
  [ -z "$groups" ] || sleep 1
  for group in $groups; do kill -s $signal -- "-$group"; done
done
`;

const groups = new Set<number>();
let guard: ChildProcess | null = null;

/**
 * Makes the process group end with this process, even after SIGKILL. One small shell guards all groups, and runs only while
 * there are any.
 */
export function guardGroup(group: number): void {
  groups.add(group);
  if (guard?.stdin?.writable) guard.stdin.write(`+ ${group}\n`);
  else guard = startGuard();
}

/** @returns whether the group was guarded */
export function releaseGroup(group: number): boolean {
  if (!groups.delete(group)) return false;
  if (groups.size > 0) guard?.stdin?.write(`- ${group}\n`);
  else {
    guard?.stdin?.end(`- ${group}\n`);
    guard = null;
  }
  return true;
}

function startGuard(): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  // A guard that cannot be started, or was killed, is replaced when the next program starts.
  shell.on('error', () => {});
  shell.stdin?.on('error', () => {});
  shell.unref();
  // On Bun the pipe has no such method, and does not keep the process running.
  (shell.stdin as unknown as { unref?(): void } | null)?.unref?.();
  shell.stdin?.write([...groups].map((group) => `+ ${group}\n`).join(''));
  return shell;
}
