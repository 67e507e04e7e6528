import { EngineError, messageOf } from "../../base/mod.ts";
import type { ContainerMount } from "../record.ts";
import { cleanDestination, cleanSource, parseVolumeName, randomVolumeName } from "./mount-path.ts";

const PROPAGATIONS = new Set(["private", "rprivate", "shared", "rshared", "slave", "rslave"]);
const CONSISTENCIES = new Set(["consistent", "cached", "delegated", "default"]);

interface Mode {
  readonly readOnly: boolean;
  readonly propagation: string;
  readonly noCopy: boolean;
}

/** `-v [source:]destination[:mode]`, mode a list of ro|rw, z|Z, nocopy and a propagation. @throws EngineError InvalidParameter */
export function parseBind(text: string): ContainerMount {
  const { source, destination, mode } = split(text);
  const parsed = parseMode(mode);
  const isBind = source.startsWith("/");
  const clean = checked(text, isBind ? "bind" : "volume", destination);
  if (!isBind) {
    if (parsed.propagation !== "") throw invalid(text, 'invalid mount config for type "volume": field BindOptions must not be specified');
    const name = source === "" ? randomVolumeName() : parseVolumeName(source);
    return { ...base(clean, parsed), type: "volume", source: name, mode: mode === "" ? "z" : mode, propagation: "" };
  }
  if (parsed.noCopy) throw invalid(text, 'invalid mount config for type "bind": field VolumeOptions must not be specified');
  return { ...base(clean, parsed), type: "bind", source: cleanSource(source), mode, propagation: parsed.propagation || "rprivate" };
}

function base(destination: string, { readOnly, noCopy }: Mode): Pick<ContainerMount, "destination" | "readOnly" | "createSource" | "recursion" | "noCopy"> {
  return { destination, readOnly, noCopy, createSource: true, recursion: { nonRecursive: false, readOnly: "asPossible" } };
}

function split(text: string): { source: string; destination: string; mode: string } {
  const parts = text.split(":");
  if (parts.length > 3 || parts.some((part) => part === "")) throw invalid(text);
  const [first = "", second = "", third = ""] = parts;
  if (parts.length === 1) return { source: "", destination: first, mode: "" };
  if (parts.length === 2 && isMode(second)) throw invalid(text);
  return { source: first, destination: second, mode: third };
}

function isMode(text: string): boolean {
  try {
    parseMode(text);
    return true;
  } catch {
    return false;
  }
}

function parseMode(mode: string): Mode {
  const seen = { access: 0, label: 0, propagation: 0, copy: 0, consistency: 0 };
  let readOnly = false;
  let noCopy = false;
  let propagation = "";
  for (const option of mode === "" ? [] : mode.split(",")) {
    if (option === "ro" || option === "rw") seen.access++, (readOnly = option === "ro");
    else if (option === "z" || option === "Z") seen.label++;
    else if (option === "nocopy") seen.copy++, (noCopy = true);
    else if (PROPAGATIONS.has(option)) seen.propagation++, (propagation = option);
    else if (CONSISTENCIES.has(option)) seen.consistency++;
    else throw new EngineError("InvalidParameter", `invalid mode: ${mode.slice(0, 64)}`);
  }
  if (Object.values(seen).some((count) => count > 1)) throw new EngineError("InvalidParameter", `invalid mode: ${mode.slice(0, 64)}`);
  return { readOnly, propagation, noCopy };
}

function checked(text: string, type: string, destination: string): string {
  try {
    return cleanDestination(destination);
  } catch (error) {
    throw new EngineError("InvalidParameter", `invalid volume specification: '${text.slice(0, 300)}': invalid mount config for type "${type}": ${messageOf(error)}`);
  }
}

function invalid(text: string, reason?: string): EngineError {
  return new EngineError("InvalidParameter", `invalid volume specification: '${text.slice(0, 300)}'${reason === undefined ? "" : `: ${reason}`}`);
}
