import { PROGRAM } from "../command.ts";

export type Shell = "bash" | "fish" | "powershell" | "zsh";

/** The script that makes a shell ask `__complete`; all knowledge of commands stays in the program. */
export function script(shell: Shell): string {
  return SCRIPTS[shell].replaceAll("PROGRAM", PROGRAM);
}

const BASH = String.raw`# bash completion for PROGRAM: source <(PROGRAM completion bash)
_PROGRAM_completion() {
  local words=() rest=$COMP_LINE piece answer candidate seen directive
  # Readline cuts words at ":" and "=" too: what no space parts belongs together.
  for piece in "${"$"}{COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    if [[ ${"$"}{#words[@]} -eq 0 || $rest == [[:space:]]* ]]; then
      rest=${"$"}{rest#"${"$"}{rest%%[![:space:]]*}"}
      words+=("$piece")
    else
      words[${"$"}{#words[@]}-1]+=$piece
    fi
    rest=${"$"}{rest#"$piece"}
  done
  local current=${"$"}{words[${"$"}{#words[@]}-1]} last=${"$"}{COMP_WORDS[COMP_CWORD]}
  answer=$("${"$"}{words[0]/#\~/$HOME}" __completeNoDesc "${"$"}{words[@]:1}" 2>/dev/null) || return
  directive=${"$"}{answer##*:}
  seen=${"$"}{current%"$last"}
  [[ $last == [:=] ]] && seen=$current
  COMPREPLY=()
  while IFS= read -r candidate; do
    [[ $candidate != :* && $candidate == "$current"* ]] && COMPREPLY+=("${"$"}{candidate#"$seen"}")
  done <<<"$answer"
  ((directive & 2)) && compopt -o nospace
  ((directive & 4)) || compopt -o default
}
complete -F _PROGRAM_completion PROGRAM
`;

const ZSH = String.raw`#compdef PROGRAM
# zsh completion for PROGRAM: source <(PROGRAM completion zsh), or a file _PROGRAM in $fpath
_PROGRAM() {
  local -a answer candidates
  local line directive
  answer=("${"$"}{(@f)$(${"$"}{words[1]} __complete "${"$"}{(@)words[2,CURRENT]}" 2>/dev/null)}")
  directive=${"$"}{answer[-1]#:}
  for line in "${"$"}{(@)answer[1,-2]}"; do
    if [[ $line == *$'\t'* ]]; then
      candidates+=("${"$"}{${"$"}{line%%$'\t'*}//:/\\:}:${"$"}{line#*$'\t'}")
    else
      candidates+=("${"$"}{line//:/\\:}")
    fi
  done
  if ((directive & 2)); then
    _describe -V PROGRAM candidates -S ''
  else
    _describe -V PROGRAM candidates
  fi
  ((directive & 4)) || _files
}
compdef _PROGRAM PROGRAM
`;

const FISH = String.raw`# fish completion for PROGRAM: PROGRAM completion fish | source
function __PROGRAM_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer ($words[1] __complete $words[2..] "$current" 2>/dev/null)
    or return
    set -l directive (string sub -s 2 -- $answer[-1])
    test (count $answer) -gt 1; and printf '%s\n' $answer[1..-2]
    test (math "bitand($directive, 4)") -eq 0; and __fish_complete_path "$current"
end
complete -c PROGRAM -e
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
`;

const POWERSHELL = String.raw`# PowerShell completion for PROGRAM: PROGRAM completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName PROGRAM -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition -or $_.Extent.Text -ne $wordToComplete } | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  PROGRAM __complete @words "$wordToComplete" 2>$null | Where-Object { $_ -notmatch '^:\d+$' } | ForEach-Object {
    $name, $description = $_ -split "${"`"}t", 2
    if (-not $description) { $description = $name }
    [System.Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', $description)
  }
}
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, fish: FISH, powershell: POWERSHELL, zsh: ZSH };
