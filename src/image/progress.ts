import type { AppliedLayer } from "../archive/mod.ts";
import { shortID } from "./image.ts";

/** Receives Docker's progress messages. */
export type Progress = (message: Record<string, unknown>) => void;

const BAR = "==================================================>";

/** The message that says a layer is in place. */
export function layerProgress({ diffID, compressedSize }: AppliedLayer): Record<string, unknown> {
  const size = humanSize(compressedSize);
  return { status: "Loading layer", progressDetail: { current: compressedSize, total: compressedSize }, progress: `[${BAR}]  ${size}/${size}`, id: shortID(diffID) };
}

/** Go's units.HumanSize: four digits, powers of 1000. */
export function humanSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}
