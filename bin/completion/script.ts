import type { Shell } from '../options/commands.js';
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { zshScript } from './zsh.js';

const SCRIPTS: Readonly<Record<Shell, () => string>> = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** Returns the script that completes the command line of mini-serv in a shell. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell]();
}
