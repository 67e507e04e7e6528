import { csvFields } from "./csv.ts";
import { Flags, type FlagTable } from "./flags.ts";
import { InstructionError } from "./instruction-error.ts";
import type { Heredoc, RunInstruction } from "./instruction.ts";
import type { RawInstruction } from "./raw-instruction.ts";
import type { MountFlag, RunDevice, RunNetwork, RunSecurity } from "./run-types.ts";
import { parseBoolean } from "./boolean.ts";
import { suggestion } from "./suggest.ts";
import { quoted } from "./text.ts";

const FLAGS = { mount: "list", network: "text", security: "text", device: "list" } as const satisfies FlagTable;
const NETWORKS: readonly RunNetwork[] = ["default", "none", "host"];
const SECURITIES: readonly RunSecurity[] = ["sandbox", "insecure"];

type Placed = "keyword" | "original" | "range" | "comments" | "kind";

/** @throws InstructionError in Docker's words */
export function parseRun(raw: RawInstruction, heredocs: readonly Heredoc[]): Omit<RunInstruction, Placed> {
  const flags = new Flags(raw.flags, FLAGS);
  const devices = flags.list("device").map(parseDevice);
  const mountFlags = flags.list("mount").map(mountFlag);
  const network = NETWORKS.find((mode) => mode === (flags.has("network") ? flags.text("network") : "default"));
  if (network === undefined) throw new InstructionError(`invalid network mode ${quoted(flags.text("network"))}`);
  const security = SECURITIES.find((mode) => mode === (flags.has("security") ? flags.text("security") : "sandbox"));
  if (security === undefined) throw new InstructionError(`security ${quoted(flags.text("security"))} is not valid`);
  const command = raw.json ? ({ form: "exec", args: raw.words } as const) : ({ form: "shell", text: raw.words.join(" ") } as const);
  return { command, heredocs, mountFlags, devices, network, security };
}

/** `from` names a stage, which the graph is made of before any variable has a value. */
function mountFlag(text: string): MountFlag {
  let from: string | undefined;
  for (const field of csvFields(text, "mounts")) {
    const equals = field.indexOf("=");
    if (equals < 0 || field.slice(0, equals).toLowerCase() !== "from") continue;
    from = field.slice(equals + 1);
    const dollar = from.indexOf("$");
    if (dollar >= 0 && dollar !== from.length - 1) throw new InstructionError("'from' doesn't support variable expansion, define alias stage instead");
  }
  return from === undefined || from === "" ? { text } : { text, from };
}

function parseDevice(text: string): RunDevice {
  let name = "";
  let required = false;
  for (const field of csvFields(text, "devices")) {
    const equals = field.indexOf("=");
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? undefined : field.slice(equals + 1);
    if (key === "required") required = value === undefined || parseBoolean(key, value);
    else if (key === "name" && value !== undefined) {
      if (name !== "") throw new InstructionError(`device name already set to ${name}`);
      name = value;
    } else if (name === "") name = field;
    else if (value === undefined) throw new InstructionError(`invalid field '${field}' must be a key=value pair`);
    else throw new InstructionError(`unexpected key '${key}' in '${field}'${suggestion(key, ["name", "required"])}`);
  }
  return { name, required };
}
