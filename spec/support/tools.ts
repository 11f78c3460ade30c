import { spawnSync } from 'node:child_process';

/** A program or a permission that some specs need in addition to Node. */
export interface Tool {
  /** The specs that need the tool, and are skipped without it. */
  readonly uses: string;
  /** How to get it on Debian. */
  readonly install: string;
  /** A command that exits with 0 where the tool works. */
  readonly probe: readonly [command: string, ...args: string[]];
  /** Source files and folders that are not counted in the coverage where the tool is missing. */
  readonly coverage?: readonly string[];
  /** Whether the tool may be missing in CI too. */
  readonly optionalInCI?: boolean;
}

const PYTHON_PROBE = 'import os, pty, resource, select; os.waitstatus_to_exitcode';
const CC_PROBE = 'echo "#include <stdio.h>" | cc -E - >/dev/null';
/** On macOS, the program called gcc is clang. */
const COMPILERS_PROBE = 'case "$(gcc --version)" in *Free*) clang --version;; *) false;; esac';
const SETPRIV_PROBE =
  'test "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 80 && setpriv --bounding-set=-all --inh-caps=-all true';

export const TOOLS = {
  'nats-server': {
    uses: 'rooms over NATS',
    install: 'apt-get install nats-server',
    probe: ['nats-server', '--version'],
    coverage: ['lib/room/nats/', 'bin/commands/replay.ts'],
  },
  chromium: {
    uses: 'pages in a browser',
    install: 'apt-get install chromium',
    probe: ['chromium', '--version'],
  },
  xmllint: {
    uses: 'the JUnit and HTML reports of the conformance kit',
    install: 'apt-get install libxml2-utils',
    probe: ['xmllint', '--version'],
  },
  'cmark-gfm': {
    uses: 'the Markdown report of the conformance kit',
    install: 'apt-get install cmark-gfm',
    probe: ['cmark-gfm', '--version'],
  },
  openssl: {
    uses: 'rooms over NATS with TLS',
    install: 'apt-get install openssl',
    probe: ['openssl', 'version'],
  },
  python3: {
    uses: 'terminals, crowds of thousands of clients',
    install: 'apt-get install python3',
    probe: ['python3', '-c', PYTHON_PROBE],
    coverage: ['bin/join/session.ts', 'bin/join/terminal.ts', 'bin/join/link.ts'],
  },
  cc: {
    uses: 'faulty servers in C for the conformance kit',
    install: 'apt-get install gcc libc6-dev',
    probe: ['sh', '-c', CC_PROBE],
    coverage: ['lib/conformance/'],
  },
  'gcc and clang': {
    uses: 'sources that only one of two compilers accepts',
    install: 'apt-get install gcc clang libc6-dev',
    probe: ['sh', '-c', COMPILERS_PROBE],
  },
  promtool: {
    uses: 'the check of the metrics',
    install: 'apt-get install prometheus',
    probe: ['promtool', '--version'],
  },
  tmux: {
    uses: 'long lines on a terminal that is resized',
    install: 'apt-get install tmux',
    probe: ['tmux', '-V'],
  },
  logrotate: {
    uses: 'rotation of audit files with logrotate',
    install: 'apt-get install logrotate',
    probe: ['logrotate', '--version'],
  },
  systemd: {
    uses: 'socket activation and messages to a service manager, unit files',
    install: 'apt-get install systemd',
    probe: ['systemd-analyze', '--version'],
  },
  grep: {
    uses: 'grep in a command of the docs and as a transform',
    install: 'apt-get install grep',
    probe: ['grep', '--version'],
  },
  sed: {
    uses: 'sed as a transform',
    install: 'apt-get install sed',
    probe: ['sed', '-u', ''],
  },
  gzip: {
    uses: 'compressed audits',
    install: 'apt-get install gzip',
    probe: ['gzip', '--version'],
  },
  bash: {
    uses: 'completion in bash',
    install: 'apt-get install bash',
    probe: ['bash', '--version'],
  },
  zsh: {
    uses: 'completion in zsh',
    install: 'apt-get install zsh',
    probe: ['zsh', '-f', '-c', 'zmodload zsh/zpty'],
  },
  fish: {
    uses: 'completion in fish',
    install: 'apt-get install fish',
    probe: ['fish', '--version'],
  },
  man: {
    uses: 'the man page',
    install: 'apt-get install man-db groff-base',
    probe: ['man', '--version'],
  },
  setpriv: {
    uses: 'the messages for users without permissions',
    install: 'run as root (util-linux), where ports below 1024 need a permission',
    probe: ['sh', '-c', SETPRIV_PROBE],
    // Specs do not always run as root, and containers often allow all ports.
    optionalInCI: true,
  },
  proc: {
    uses: 'memory, descriptors and CPU time of processes',
    install: 'only Linux has /proc',
    probe: ['test', '-d', '/proc/self/fd'],
    optionalInCI: true,
  },
  mknod: {
    uses: 'block devices',
    install: 'run as root, with the permission to create devices',
    probe: ['sh', '-c', 'd=$(mktemp -d) && mknod $d/x b 1 0 && rm -r "$d"'],
    optionalInCI: true,
  },
  'PID namespace': {
    uses: 'a relay as the first process of a container',
    install: 'run as root, with the permission to create namespaces (util-linux)',
    probe: ['unshare', '-p', '-f', 'true'],
    optionalInCI: true,
  },
  tmpfs: {
    uses: 'full disks',
    install: 'run as root, with the permission to mount (util-linux, mount)',
    probe: ['unshare', '-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'],
    coverage: ['lib/sinks/', 'lib/transcript/writer.ts'],
    // A container seldom has the permission to mount.
    optionalInCI: true,
  },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof TOOLS;

export const TOOL_NAMES = Object.keys(TOOLS) as ToolName[];

/** The variable in which the test runner tells its mocha processes what is missing, so that each tool is probed once. */
export const MISSING_TOOLS_VARIABLE = 'MINI_SERV_MISSING_TOOLS';

const known = new Map<ToolName, boolean>();
const told = process.env[MISSING_TOOLS_VARIABLE]?.split(',');
if (told !== undefined) for (const name of TOOL_NAMES) known.set(name, !told.includes(name));

/** Whether the tool works on this machine. */
export function hasTool(name: ToolName): boolean {
  let works = known.get(name);
  if (works === undefined) {
    const [command, ...args] = TOOLS[name].probe;
    works = spawnSync(command, args, { stdio: 'ignore' }).status === 0;
    known.set(name, works);
  }
  return works;
}

/**
 * A `describe` whose specs need a tool, or several. Where a tool is missing the specs are skipped; with `CI=true` they
 * fail instead.
 */
export function describeWith(needs: ToolName | readonly ToolName[], title: string, body: () => void): void {
  const missing = missingOf(needs);
  if (missing.length === 0) describe(title, body);
  else if (isFailure(missing)) describe(title, () => itFails('finds its tools', missing));
  else describe.skip(title, body);
}

/** An `it` that needs a tool, or several; see `describeWith`. */
export function itWith(
  needs: ToolName | readonly ToolName[],
  title: string,
  body: (this: Mocha.Context) => Promise<void> | void,
): void {
  const missing = missingOf(needs);
  if (missing.length === 0) it(title, body);
  else if (isFailure(missing)) itFails(title, missing);
  else it.skip(title, body);
}

function missingOf(needs: ToolName | readonly ToolName[]): ToolName[] {
  return [needs].flat().filter((name) => !hasTool(name));
}

function isFailure(missing: readonly ToolName[]): boolean {
  return process.env.CI === 'true' && missing.some((name) => !('optionalInCI' in TOOLS[name]));
}

function itFails(title: string, missing: readonly ToolName[]): void {
  it(title, () => {
    const tools = missing.map((name) => `${name} (${TOOLS[name].install})`).join(', ');
    throw new Error(`missing: ${tools}; with CI=true no tool may be missing`);
  });
}
