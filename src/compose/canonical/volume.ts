import { posix } from "node:path";
import { ComposeError } from "../errors.ts";
import { mapping, scalar, type Node, type Place } from "../tree/node.ts";
import { splitVolume, type VolumeText } from "./volume-text.ts";

/** A service's mount in its long form. */
export function volumeOf(node: Node, path: string, lenient: boolean): Node {
  if (node.kind !== "scalar") return node;
  try {
    return longForm(splitVolume(String(node.value)), node.at);
  } catch (error) {
    if (lenient) return node;
    throw new ComposeError(error instanceof Error ? error.message : String(error), { at: node.at, path, fix: "write SOURCE:TARGET, SOURCE:TARGET:ro or TARGET" });
  }
}

function longForm(volume: VolumeText, at: Place | undefined): Node {
  const entries = new Map<string, Node>();
  const set = (key: string, value: string | boolean): void => void entries.set(key, scalar(value, at));
  set("type", volume.type);
  if (volume.source !== "") set("source", volume.source);
  set("target", cleanTarget(volume.target));
  if (volume.readOnly) set("read_only", true);
  const bind = new Map<string, Node>();
  if (volume.selinux) bind.set("selinux", scalar(volume.selinux, at));
  if (volume.propagation) bind.set("propagation", scalar(volume.propagation, at));
  // A folder that is missing is made, as ever with the short form.
  if (volume.type === "bind") bind.set("create_host_path", scalar(true, at));
  if (bind.size > 0) entries.set("bind", mapping(bind, at));
  if (volume.noCopy || (volume.type === "volume" && !volume.bare)) entries.set("volume", mapping(volume.noCopy ? [["nocopy", scalar(true, at)]] : [], at));
  return mapping(entries, at);
}

/** As Go's `path.Clean`: no trailing slash, no dots. */
export function cleanTarget(target: string): string {
  if (target === "") return "";
  const clean = posix.normalize(target);
  return clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
}
