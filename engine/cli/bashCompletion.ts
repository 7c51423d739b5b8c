import { availableCommands } from "./available.ts";
import { globalFlags } from "./grammar/globalFlags.ts";
import type { FlagGrammar } from "./grammar/grammar.ts";

/**
 * A bash function that completes commands, flags and their values from tables made of the grammar. Pods and images are
 * asked of `rkt` itself. It needs nothing but bash.
 */
export function bashCompletion(): string {
  const commands = availableCommands.filter(({ gate }) => gate === undefined);
  const words = new Map<string, Set<string>>([["", new Set()]]);
  for (const { name } of commands) {
    const parts = name.split(" ");
    parts.forEach((part, index) => {
      const parent = parts.slice(0, index).join(" ");
      words.set(parent, (words.get(parent) ?? new Set()).add(part));
    });
  }
  const visible = (flags: readonly FlagGrammar[]): readonly FlagGrammar[] =>
    flags.filter(({ hidden, deprecated }) => hidden !== true && deprecated === undefined);
  const flagCases = commands.map(
    ({ name, flags }) => `    "${name}") flags="${visible(flags).map(flagWord).join(" ")}" ;;`,
  );
  const values = [...commands.flatMap(({ flags }) => flags), ...globalFlags].flatMap(({ name, kind }) =>
    kind.type === "choice" || kind.type === "choices" ? [[name, kind.values.join(" ")] as const] : [],
  );
  const files = new Set(
    [...commands.flatMap(({ flags }) => flags), ...globalFlags].flatMap(({ name, kind }) =>
      kind.type === "path" || kind.type === "folder" ? [name] : [],
    ),
  );
  const operands = commands.flatMap(({ name, usage }) => {
    const kind = /\bUUID\b/.test(usage)
      ? "pods"
      : /\bIMAGE\b/.test(usage)
        ? "images"
        : name === "completion"
          ? "shells"
          : undefined;
    return kind === undefined ? [] : [`    "${name}") _rkt_${kind} "$current" ;;`];
  });
  return `# bash completion for rkt
_rkt_pods() {
  mapfile -t COMPREPLY < <(compgen -W "$(rkt list --full --no-legend 2>/dev/null | awk -F '\\t' '$1 != "" { print $1 }')" -- "$1")
}

_rkt_images() {
  mapfile -t COMPREPLY < <(compgen -W "$(rkt image list --fields=name --no-legend 2>/dev/null)" -- "$1"; compgen -f -- "$1")
  compopt -o filenames 2>/dev/null
}

_rkt_shells() {
  mapfile -t COMPREPLY < <(compgen -W "bash" -- "$1")
}

_rkt() {
  local current=\${COMP_WORDS[COMP_CWORD]} line=" " command="" flags="" subcommands="" index word value=""
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    [[ $word == "=" || $word == -* ]] && continue
    [[ \${COMP_WORDS[index - 1]} == "=" ]] && continue
    case "\${command:+$command }$word" in
    ${[...new Set([...words.keys()].filter((name) => name !== "").concat(commands.map(({ name }) => name)))].map((name) => `"${name}"`).join(" | ")}) command="\${command:+$command }$word" ;;
    *) break ;;
    esac
  done

  # Bash gives "--flag=value" as three words.
  if [[ $current == "=" ]]; then
    value=\${COMP_WORDS[COMP_CWORD - 1]}
    current=""
  elif [[ \${COMP_WORDS[COMP_CWORD - 1]} == "=" ]]; then
    value=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if [[ $value == --* ]]; then
    case "$value" in
${[...new Map(values)].map(([name, choices]) => `    --${name}) mapfile -t COMPREPLY < <(compgen -W "${choices}" -- "$current") ;;`).join("\n")}
    ${[...files].map((name) => `--${name}`).join(" | ")}) mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null ;;
    *) COMPREPLY=() ;;
    esac
    return
  fi

  case "$command" in
${[...words].map(([parent, under]) => `    "${parent}") subcommands="${[...under].sort().join(" ")}" ;;`).join("\n")}
  esac
  case "$command" in
${flagCases.join("\n")}
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags ${globalFlags.map(flagWord).join(" ")} --help" -- "$current")
    [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    return
  fi
  if [[ -n $subcommands ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$subcommands" -- "$current")
    return
  fi
  case "$command" in
${operands.join("\n")}
  *) COMPREPLY=() ;;
  esac
}

complete -F _rkt rkt`;
}

function flagWord({ name, kind, bare }: FlagGrammar): string {
  return kind.type === "bool" || bare !== undefined ? `--${name}` : `--${name}=`;
}
