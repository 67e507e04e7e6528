import type { HostConfig } from "../../spec/mod.ts";

/** `--cap-add` and `--cap-drop`: full names, ALL for all, and what is both added and dropped is added. */
export function capabilityOptions(add: readonly string[], drop: readonly string[]): Pick<HostConfig, "CapAdd" | "CapDrop"> {
  const added = fullNames(add);
  const dropped = fullNames(drop).filter((name) => !added.includes(name));
  return { ...(added.length > 0 && { CapAdd: added }), ...(dropped.length > 0 && { CapDrop: dropped }) };
}

function fullNames(names: readonly string[]): string[] {
  const full = names.map((name) => name.trim().toUpperCase()).filter((name) => name !== "").map((name) => (name === "ALL" || name.startsWith("CAP_") ? name : `CAP_${name}`));
  return full.includes("ALL") ? ["ALL"] : [...new Set(full)].sort();
}
