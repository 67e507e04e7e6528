import type { HostConfig } from "../../spec/mod.ts";

/** `--cap-add` and `--cap-drop`: full names, ALL for all. */
export function capabilityOptions(add: readonly string[], drop: readonly string[]): Pick<HostConfig, "CapAdd" | "CapDrop"> {
  const added = fullNames(add);
  const dropped = fullNames(drop);
  return { ...(added.length > 0 && { CapAdd: added }), ...(dropped.length > 0 && { CapDrop: dropped }) };
}

function fullNames(names: readonly string[]): string[] {
  const full = names.map((name) => name.trim().toUpperCase()).map((name) => (name === "ALL" || name.startsWith("CAP_") ? name : `CAP_${name}`));
  return [...new Set(full)].sort();
}
