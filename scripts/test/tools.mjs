// Which of the tools that specs need are missing on this machine.
import { formatTable } from './report.mjs';

/** The tools as the specs know them: only there after a build. */
export async function findMissingTools() {
  const { hasTool, MISSING_TOOLS_VARIABLE, TOOLS, TOOL_NAMES } = await import(
    '../../dist/spec/support/tools.js'
  );
  const missing = TOOL_NAMES.filter((name) => !hasTool(name)).map((name) => ({ name, ...TOOLS[name] }));
  return {
    missing,
    required: missing.filter(({ optionalInCI }) => !optionalInCI),
    /** Tells the specs, so that they need not look for themselves. */
    env: { [MISSING_TOOLS_VARIABLE]: missing.map(({ name }) => name).join() },
    /** Source folders that cannot be covered without the missing tools. */
    uncounted: missing.flatMap(({ coverage = [] }) => coverage),
  };
}

export function formatMissingTools(missing) {
  const rows = missing.map(({ name, uses, install }) => [name, uses, install]);
  return `Missing tools; the specs that need them are skipped:\n${formatTable([['tool', 'skipped specs', 'how to install it'], ...rows])}`;
}
