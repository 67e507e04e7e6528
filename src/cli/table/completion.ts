import type { CommandSpec, Entry } from "../command.ts";

const script = (shell: string): CommandSpec => ({
  summary: `Print the completion script for ${shell}`,
  usage: "",
  args: [0, 0],
  flags: [{ name: "no-descriptions", type: "bool", help: "Leave out descriptions" }],
  local: true,
  load: () => import("../commands/completion.ts"),
});

/** The shells' names are also what `completion/scripts.ts` knows them by. */
export const COMPLETION: readonly Entry[] = [
  { name: "bash", command: script("bash") },
  { name: "fish", command: script("fish") },
  { name: "powershell", command: script("powershell") },
  { name: "zsh", command: script("zsh") },
];
