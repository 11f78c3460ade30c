import { COMMANDS } from '../options/commands.js';
import {
  type Completion,
  commandsWithOptions,
  completionOf,
  formsOf,
  formsWithValue,
  transformNames,
  transformOptions,
  wrapperNames,
} from './model.js';

/** Returns a completion script for bash 3.2 and later. It does not need the package bash-completion. */
export function bashScript(): string {
  const commands = Object.keys(COMMANDS);
  return `# Completion of mini-serv for bash.
#
# Try it in this shell:  eval "$(mini-serv completion bash)"
# Install it:            mini-serv completion bash >> ~/.bashrc
# With bash-completion:  mini-serv completion bash > ~/.local/share/bash-completion/completions/mini-serv

# Adds candidates, one per line on standard input, for the word that begins with $1. Bash has split the word, and
# replaces only the part behind $before.
_mini_serv_reply() {
  local candidate
  while IFS= read -r candidate; do
    candidate=$1$candidate
    COMPREPLY+=("\${candidate#"$before"}")
  done
}

_mini_serv_words() {
  _mini_serv_reply "$1" < <(compgen -W "$2" -- "$value")
}

_mini_serv_files() { # HEAD ACTION: completes paths, which bash then quotes
  compopt -o filenames 2>/dev/null
  _mini_serv_reply "$1" < <(compgen "$2" -- "$value")
}

_mini_serv_programs() {
  _mini_serv_files "$1" -f
  [[ $value == */* ]] || _mini_serv_files "$1" -c
}

# Candidates that end with = or : are continued, so bash must not add a space.
_mini_serv_transforms() {
  local head=$1 option
  case $value in
    [./~]*) _mini_serv_files "$head" -f; return ;;
${transformOptions()
  .map(([name, options]) => `    ${name}=*) option='${options.map((option) => `${option}:`).join(' ')}' ;;`)
  .join('\n')}
    *=*) return ;;
    *) option='${transformNames().join(' ')}' ;;
  esac
  if [[ $value == *=* ]]; then
    head+=\${value%"\${value##*[=,]}"}
    value=\${value##*[=,]}
  fi
  _mini_serv_words "$head" "$option"
  [[ \${COMPREPLY[*]} == *[=:]* ]] && compopt -o nospace 2>/dev/null
}

_mini_serv_list() { # HEAD WORDS: the last word of a list with commas
  local head=$1
  if [[ $value == *,* ]]; then
    head+=\${value%"\${value##*,}"}
    value=\${value##*,}
  fi
  _mini_serv_words "$head" "$2"
}

_mini_serv_options() { # WORD...: options, -x|--name for each; * in front if the option may be repeated
  local option form forms
  for option in "$@"; do
    forms=\${option#\\*}
    if [[ $option != \\** ]]; then
      for form in \${forms//|/ }; do
        [[ $given == *" $form "* ]] && continue 2
      done
    fi
    _mini_serv_words '' "\${forms//|/ }"
  done
}

_mini_serv() {
  local IFS=$' \\t\\n' word value option head before='' command='' expects='' ended='' given=' ' operands=0 count=0 glue='' i
  local -a words=()
  COMPREPLY=()
  # Bash also splits words at = and :, so they are joined again.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $count -gt 0 && $word =~ ^[=:]+$ ]]; then
      words[count - 1]+=$word
      before=\${words[count - 1]}
      glue=1
    elif [[ -n $glue && -n $word ]]; then
      before=\${words[count - 1]}
      words[count - 1]+=$word
      glue=''
    else
      words[count]=$word
      count=$((count + 1))
      before=''
      glue=''
    fi
  done
  for ((i = 0; i < count - 1; i++)); do
    word=\${words[i]}
    if [[ -n $expects ]]; then
      expects=''
    elif [[ -n $ended ]]; then
      operands=$((operands + 1))
    else
      case $word in
        --) ended=1 ;;
        --*=*) given+="\${word%%=*} " ;;
        ${formsWithValue().join('|')}) given+="$word "; expects=$word ;;
        --*) given+="$word " ;;
        -?*) given+="\${word:0:2} " ;;
        ${commands.join('|')})
          if [[ -z $command && $operands = 0 ]]; then command=$word; else operands=$((operands + 1)); fi ;;
        *) operands=$((operands + 1)) ;;
      esac
      case $command in ${wrapperNames().join('|')}) [[ $operands = 0 ]] || ended=1 ;; esac
    fi
  done
  value=\${words[count - 1]}
  option=$expects
  head=''
  if [[ -z $expects$ended && $value == --*=* ]]; then
    option=\${value%%=*}
    head=$option=
    value=\${value#*=}
  elif [[ -z $expects$ended && $value == ${shortPattern()}?* ]]; then
    option=\${value:0:2}
    head=$option
    value=\${value:2}
  fi
  if [[ -n $option ]]; then
    case \${command:-run},$option in
${valueCases()}
    esac
  elif [[ -z $ended && $value == -* ]]; then
    case \${command:-run} in
${optionCases()}
    esac
  else
    [[ -z $command$ended && $operands = 0 ]] && _mini_serv_words '' '${commands.join(' ')}'
    case \${command:-run},$operands in
${operandCases()}
    esac
  fi
}

complete -F _mini_serv mini-serv
`;
}

/** Matches the short options whose value may follow without a space. */
function shortPattern(): string {
  const letters = formsWithValue().filter((form) => form.length === 2);
  return `-[${letters.map((form) => form[1]).join('')}]`;
}

/** The shell command that completes a value, or undefined if nothing is to be completed. */
function action(completion: Completion): string | undefined {
  switch (completion.kind) {
    case 'none':
      return undefined;
    case 'file':
      return '_mini_serv_files "$head" -f';
    case 'directory':
      return '_mini_serv_files "$head" -d';
    case 'program':
      return '_mini_serv_programs "$head"';
    case 'transform':
      return '_mini_serv_transforms "$head"';
    case 'words':
      return `_mini_serv_${completion.isList ? 'list' : 'words'} "$head" '${completion.words.join(' ')}'`;
  }
}

function branch(pattern: string, commands: string | undefined): string[] {
  return commands === undefined ? [] : [`      ${pattern}) ${commands} ;;`];
}

function valueCases(): string {
  return commandsWithOptions()
    .flatMap(({ command, options }) =>
      options.flatMap((option) => {
        const pattern = formsOf(option).map((form) => `${command.name},${form}`);
        return branch(pattern.join('|'), action(completionOf(option)));
      }),
    )
    .join('\n');
}

function optionCases(): string {
  return commandsWithOptions()
    .flatMap(({ command, options }) => {
      const forms = options.map(
        (option) => `'${option.repeatable === true ? '*' : ''}${formsOf(option).join('|')}'`,
      );
      return branch(command.name, `_mini_serv_options ${forms.join(' ')}`);
    })
    .join('\n');
}

function operandCases(): string {
  return Object.values(COMMANDS)
    .flatMap(({ name, operands, isWrapper }) => [
      ...operands.flatMap((operand, i) => branch(`${name},${i}`, action(completionOf(operand)))),
      ...branch(`${name},*`, isWrapper === true ? action({ kind: 'file' }) : undefined),
    ])
    .join('\n');
}
