import { COMMANDS, type CommandEntry, type Operand } from '../options/commands.js';
import type { Option } from '../options/option.js';
import {
  type Completion,
  commandsWithOptions,
  completionOf,
  formsOf,
  formsWithValue,
  shortText,
  transformNames,
  transformOptions,
} from './model.js';

/** Returns a completion script for zsh, which can be loaded as a file in `$fpath` or evaluated after compinit. */
export function zshScript(): string {
  const withOptions = transformNames().filter((name) => name.endsWith('='));
  const withoutOptions = transformNames().filter((name) => !name.endsWith('='));
  return `#compdef mini-serv
# Completion of mini-serv for zsh.
#
# Try it in this shell (after compinit):  eval "$(mini-serv completion zsh)"
# Install it in a folder of $fpath:       mini-serv completion zsh > ~/.zfunc/_mini-serv
# In ~/.zshrc, before compinit:           fpath+=(~/.zfunc)

_mini-serv_commands() {
  local -a commands=(
${Object.values(COMMANDS)
  .map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`)
  .join('\n')}
  )
  _describe command commands
}

_mini-serv_programs() {
  _alternative 'files:file:_files' 'commands:command:_command_names -e'
}

_mini-serv_transforms() {
  case $PREFIX in
    [./~]*) _files ;;
${transformOptions()
  .map(([name, options]) => `    ${name}=*) compset -P '*[=,]'; compadd -S : -- ${options.join(' ')} ;;`)
  .join('\n')}
    *=*) return 1 ;;
    *)
      compadd -S = -- ${withOptions.map((name) => name.slice(0, -1)).join(' ')}
      compadd -- ${withoutOptions.join(' ')}
      ;;
  esac
}

# The last word of a list with commas.
_mini-serv_list() {
  compset -P '*,'
  compadd -- "$@"
}

_mini-serv() {
  local word command= expects= ended=
  local -i i operands=0
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $expects ]]; then
      expects=
    elif [[ $word == -- ]]; then
      ended=1
      break
    elif [[ $word == (${formsWithValue().join('|')}) ]]; then
      expects=1
    elif [[ $word != -?* ]]; then
      operands=1
      [[ $word == (${Object.keys(COMMANDS).join('|')}) ]] && command=$word
      break
    fi
  done
  # Without the command's name, the first argument that is not an option is the first operand.
  if [[ -n $command ]]; then
    words[i]=()
    CURRENT=$((CURRENT - 1))
  elif [[ -z $ended && $operands = 0 ]]; then
    command=first
  fi
  case \${command:-run} in
${commandsWithOptions()
  .flatMap(({ command, options }) => [
    ...(command.name === 'run' ? [caseOf('first', command, options)] : []),
    caseOf(command.name, command, options),
  ])
  .join('\n')}
  esac
}

if [[ $funcstack[1] == _mini-serv ]]; then
  _mini-serv "$@"
else
  compdef _mini-serv mini-serv
fi
`;
}

/** @param pattern the command, or `first` if its name may be what is completed */
function caseOf(pattern: string, { operands, isWrapper }: CommandEntry, options: readonly Option[]): string {
  const first = pattern === 'first' ? ["'1:command:_mini-serv_commands'"] : undefined;
  const specs = [
    ...options.map(optionSpec),
    ...(first ?? operands.map(operandSpec)),
    ...(isWrapper === true ? ["'*:argument:_files'"] : []),
  ];
  // A wrapper's operand ends its options.
  const flags = isWrapper === true ? "-s -S -A '-*'" : '-s -S';
  return `    ${pattern})\n      _arguments ${flags} : \\\n        ${specs.join(' \\\n        ')} ;;`;
}

function operandSpec(operand: Operand, i: number): string {
  const completion = completionOf(operand);
  // A plain message would stop zsh from inserting an option that begins with the word.
  const guarded = completion.kind === 'none' ? `_guard "^-*" ${operand.name}` : action(completion);
  return quote(`${i + 1}:${operand.name}:${guarded}`);
}

function optionSpec(option: Option): string {
  const { type, value, repeatable, short, name } = option;
  const description = `[${shortText(option).replace(/[[\]\\]/g, '\\$&')}]`;
  const argument = type === undefined ? '' : `:${value}:${action(completionOf(option))}`;
  const tail = quote(`${description}${argument}`);
  const long = type === undefined ? `--${name}` : `--${name}=`;
  const isRepeated = repeatable === true ? '*' : '';
  if (short === undefined) return `'${isRepeated}${long}'${tail}`;
  const exclusion = repeatable === true ? "'*'" : `'(${formsOf(option).join(' ')})'`;
  return `${exclusion}{-${short}${type === undefined ? '' : '+'},${long}}${tail}`;
}

function action(completion: Completion): string {
  switch (completion.kind) {
    case 'none':
      return ' ';
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    case 'program':
      return '_mini-serv_programs';
    case 'transform':
      return '_mini-serv_transforms';
    case 'words': {
      const words = completion.words.join(' ');
      return completion.isList ? `_mini-serv_list ${words}` : `(${words})`;
    }
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
