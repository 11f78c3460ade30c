import { COMMANDS } from '../options/commands.js';
import type { Option } from '../options/option.js';
import { OPTIONS } from '../options/table.js';
import {
  type Completion,
  completionOf,
  formsOf,
  formsWithValue,
  shortText,
  transformNames,
  transformOptions,
  wrapperNames,
} from './model.js';

/** Returns a completion script for fish 3.0 and later. */
export function fishScript(): string {
  const commands = Object.values(COMMANDS);
  return `# Completion of mini-serv for fish.
#
# Try it in this shell:  mini-serv completion fish | source
# Install it:            mini-serv completion fish > ~/.config/fish/completions/mini-serv.fish

# Reads the words before the cursor: the command, the options that are given, and the number of operands.
function __mini_serv_read
    set -g __mini_serv_command
    set -g __mini_serv_given
    set -g __mini_serv_operands 0
    set -g __mini_serv_ended
    set -l expects
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        if set -q expects[1]
            set -a __mini_serv_given $expects
            set expects
        else if set -q __mini_serv_ended[1]
            set __mini_serv_operands (math $__mini_serv_operands + 1)
        else
            switch $word
                case --
                    set __mini_serv_ended 1
                case '--*=*'
                    set -a __mini_serv_given (string replace -r '=.*' '' -- $word)
                case ${formsWithValue().join(' ')}
                    set expects $word
                case '--*'
                    set -a __mini_serv_given $word
                case '-*'
                    set -a __mini_serv_given (string sub -l 2 -- $word)
                case ${commands.map(({ name }) => name).join(' ')}
                    if set -q __mini_serv_command[1]; or test $__mini_serv_operands != 0
                        set __mini_serv_operands (math $__mini_serv_operands + 1)
                    else
                        set __mini_serv_command $word
                    end
                case '*'
                    set __mini_serv_operands (math $__mini_serv_operands + 1)
            end
            if contains -- "$__mini_serv_command" ${wrapperNames().join(' ')}; and test $__mini_serv_operands != 0
                set __mini_serv_ended 1
            end
        end
    end
end

# COMMANDS FORM...: whether an option of these commands can follow, which has these forms and must not be repeated.
function __mini_serv_can
    __mini_serv_read
    set -q __mini_serv_ended[1]; and return 1
    set -l command $__mini_serv_command
    set -q command[1]; or set command run
    contains -- $command (string split , -- $argv[1]); or return 1
    for form in $argv[2..-1]
        contains -- $form $__mini_serv_given; and return 1
    end
    return 0
end

# COMMAND NUMBER: whether the operand with this number follows; "any" if there is no command yet.
function __mini_serv_at
    __mini_serv_read
    set -l command $__mini_serv_command
    set -q command[1]; or set command any
    test $command = $argv[1]; or return 1
    if test $command = any; and set -q __mini_serv_ended[1]
        return 1
    end
    test $__mini_serv_operands = $argv[2]
end

function __mini_serv_after
    __mini_serv_read
    test "$__mini_serv_command" = $argv[1]; and test $__mini_serv_operands != 0
end

# OPTION...: the last option of a transform spec.
function __mini_serv_keys
    set -l spec (commandline -ct | string replace -r '^(--transform=|-t)' '')
    set -l head (string replace -r '[^=,]*$' '' -- $spec)
    printf '%s\\n' $head$argv:
end

function __mini_serv_transforms
    set -l spec (commandline -ct | string replace -r '^(--transform=|-t)' '')
    switch $spec
        case './*' '../*' '/*' '~*' . ..
            __fish_complete_path $spec
${transformOptions()
  .map(([name, options]) => `        case '${name}=*'\n            __mini_serv_keys ${options.join(' ')}`)
  .join('\n')}
        case '*=*'
            return
        case '*'
            printf '%s\\n' ${transformNames().join(' ')}
    end
end

# WORD...: the last word of a list with commas.
function __mini_serv_list
    set -l list (commandline -ct | string replace -r '^--[^=]*=' '')
    set -l head (string replace -r '[^,]*$' '' -- $list)
    printf '%s\\n' $head$argv
end

complete -c mini-serv -f
${commands.map(({ name, summary }) => `complete -c mini-serv -n '__mini_serv_at any 0' -a ${name} -d ${quote(summary)}`).join('\n')}
${(OPTIONS as readonly Option[]).map(optionLine).join('\n')}
${operandLines().join('\n')}
`;
}

function optionLine(option: Option): string {
  const { commands, short, name, type, repeatable } = option;
  const condition = `__mini_serv_can ${[commands.join(','), ...(repeatable === true ? [] : formsOf(option))].join(' ')}`;
  return [
    `complete -c mini-serv -n '${condition}'`,
    ...(short === undefined ? [] : [`-s ${short}`]),
    `-l ${name}`,
    ...(type === undefined ? [] : [`-r ${action(completionOf(option))}`]),
    `-d ${quote(shortText(option))}`,
  ].join(' ');
}

function operandLines(): string[] {
  return Object.values(COMMANDS).flatMap(({ name, operands, isWrapper }) => [
    ...operands.flatMap((operand, i) => {
      const completion = completionOf(operand);
      if (completion.kind === 'none') return [];
      return [`complete -c mini-serv -n '__mini_serv_at ${name} ${i}' ${action(completion)}`];
    }),
    ...(isWrapper === true ? [`complete -c mini-serv -n '__mini_serv_after ${name}' -F`] : []),
  ]);
}

function action(completion: Completion): string {
  switch (completion.kind) {
    case 'none':
      return '-f';
    case 'file':
      return '-F';
    case 'directory':
      return "-f -a '(__fish_complete_directories)'";
    case 'program':
      return "-F -a '(__fish_complete_command)'";
    case 'transform':
      return "-f -a '(__mini_serv_transforms)'";
    case 'words': {
      const words = completion.words.join(' ');
      return completion.isList ? `-f -a '(__mini_serv_list ${words})'` : `-f -a '${words}'`;
    }
  }
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
