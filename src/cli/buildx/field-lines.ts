/** `Name:      value` lines whose values stand below each other, one space behind the longest name; `width`: at least so far. */
export function fieldLines(fields: readonly (readonly [name: string, value: string])[], { indent = "", width = 0 }: { readonly indent?: string; readonly width?: number } = {}): string {
  const longest = Math.max(width - 2, ...fields.map(([name]) => name.length)) + 2;
  return fields.map(([name, value]) => `${indent}${`${name}:`.padEnd(longest)}${value}\n`).join("");
}
