import { EngineError } from "../base/mod.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** The name without its leading slash. @throws EngineError InvalidParameter, in Docker's words */
export function parseContainerName(text: string, shown = text): string {
  const name = text.startsWith("/") ? text.slice(1) : text;
  if (!NAME.test(name) || name.length > 255) throw new EngineError("InvalidParameter", `Invalid container name (${shown.slice(0, 300)}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  return name;
}
