import { EngineError } from "../base/mod.ts";
import type { JsonValue } from "./json-value.ts";

/** config.md#posix-platform-hooks, without what it will read. */
export interface HookProgram {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** 0: for as long as it takes. */
  readonly timeoutSeconds: number;
}

const POINTS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"] as const;
export type HookPoint = (typeof POINTS)[number];
export type Hooks = Readonly<Record<HookPoint, readonly HookProgram[]>>;

export function hooksOf(hooks: JsonValue): Hooks {
  return Object.fromEntries(POINTS.map((point) => [point, hooks.at(point).list().map(hookOf)])) as unknown as Hooks;
}

function hookOf(hook: JsonValue): HookProgram {
  const path = hook.at("path").text();
  const timeoutSeconds = hook.at("timeout").integer(0);
  if (!path.startsWith("/")) throw new EngineError("InvalidParameter", `hook ${path}: must be an absolute path`);
  if (timeoutSeconds < 0) throw new EngineError("InvalidParameter", `hook ${path}: the timeout must be above 0`);
  return { path, args: hook.at("args").texts(), env: hook.at("env").texts(), timeoutSeconds };
}
