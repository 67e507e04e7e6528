import "./core.ts";
/** `sha256:0c240f3e0bb5…` → `0c240f3e0bb5` */
export function shortId(id: string): string {
  const colon = id.indexOf(":");
  return id.slice(colon + 1).slice(0, 12);
}

/** Cuts to a number of characters, the last of which is then an ellipsis. */
export function ellipsis(text: string, most: number): string {
  if (text.length <= most) return text;
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}
