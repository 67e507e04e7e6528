const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** BuildKit's sizes: `93B`, `1.66MB`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? String(value) : value.toFixed(2)}${UNITS[unit] ?? ""}`;
}
