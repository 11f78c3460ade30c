import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completionScript } from '../../bin/completion/script.js';
import type { Shell } from '../../bin/options/commands.js';
import { folder } from './modules.js';

// Each driver gets the script as $1 and the lines as the other arguments. It prints "= LINE" before the candidates of a
// line, at whose end the cursor is.

const BASH_DRIVER = `
source "$1"; shift
compopt() { :; } # Works only while readline completes.
for line; do
  printf '= %s\\n' "$line"
  # Bash splits words at = and : too. Each group of these is a word.
  spaced='' last=' '
  for ((i = 0; i < \${#line}; i++)); do
    char=\${line:i:1}
    case $last$char in
      [=:][=:]|' '?|?' ') ;;
      [=:]?|?[=:]) spaced+=' ' ;;
    esac
    spaced+=$char last=$char
  done
  read -ra COMP_WORDS <<<"$spaced"
  [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  _mini_serv mini-serv "\${COMP_WORDS[COMP_CWORD]}" ''
  (( \${#COMPREPLY[@]} )) && printf '%s\\n' "\${COMPREPLY[@]}"
done
exit 0
`;

/** Types the lines in an interactive zsh on a pseudo terminal, where compadd prints the candidates. */
const ZSH_DRIVER = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1= PS2=; cd -q \${(q)PWD}; fpath=(\${1:h} $fpath); autoload -Uz compinit; compinit -D -u"
zpty -w z 'compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a hits; local prefix hit; local -i i
  builtin compadd -A hits "$@"
  for ((i = 1; i < $#; i++)); do [[ \${@[i]} == -p ]] && prefix=\${@[i + 1]}; done
  for hit in $hits; do print -r -- "<\${IPREFIX}\${prefix}\${hit}>"; done
  builtin compadd "$@"
}'
zpty -w z 'zle -C print-all .complete-word print_all
print_all() {
  _main_complete
  [[ $compstate[nmatches] = 0 || -n $compstate[insert] ]] || print -r -- "<not inserted>"
  print -r STOP; compstate[insert]=; compstate[list]=
}
bindkey "^I" print-all; bindkey "^U" kill-whole-line; print READY'
zpty -r z output '*READY*READY*'
shift
for line; do
  zpty -n -w z $line$'\\t'
  zpty -r z output '*STOP*'
  print -r -- $'\\n'"= $line"
  print -rl -- \${(M)\${(f)output//$'\\r'/}:#*\\<*\\>*}
  zpty -n -w z $'\\x15'
done
zpty -d z
`;

const FISH_DRIVER = `
source $argv[1]
for line in $argv[2..-1]
  printf '= %s\\n' $line
  complete -C $line
end
`;

/**
 * Completes lines in a real shell, with the cursor at the end of each.
 *
 * @returns the candidates of each line, without descriptions. Those of bash are the part behind the last = or :.
 */
export async function complete(
  shell: Shell,
  lines: readonly string[],
  cwd: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const directory = await folder({});
  const file = join(directory, shell === 'zsh' ? '_mini-serv' : `mini-serv.${shell}`);
  writeFileSync(file, completionScript(shell));
  const commands: Record<Shell, string[]> = {
    bash: ['bash', '--norc', '-c', BASH_DRIVER, 'bash'],
    zsh: ['zsh', '-f', '-c', ZSH_DRIVER, 'zsh'],
    fish: ['fish', '--no-config', '-c', FISH_DRIVER],
  };
  const [command = '', ...args] = commands[shell];
  const env = { ...process.env, HOME: directory, TERM: 'xterm', LC_ALL: 'C' };
  const { stdout, stderr, status } = spawnSync(command, [...args, file, ...lines], {
    encoding: 'utf8',
    cwd,
    env,
  });
  if (status !== 0 || stderr !== '') throw new Error(`${shell} (exit ${status}): ${stderr}`);
  const results = new Map<string, string[]>();
  let candidates: string[] = [];
  for (const text of stdout.split('\n')) {
    if (text.startsWith('= ')) {
      candidates = [];
      results.set(text.slice(2), candidates);
    } else if (shell === 'zsh') {
      candidates.push(...[...text.matchAll(/<(.*?)>/g)].map(([, hit = '']) => hit));
    } else if (text !== '') {
      candidates.push(text.replace(/\t.*/, ''));
    }
  }
  return results;
}
