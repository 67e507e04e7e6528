import { readFileSync } from "node:fs";
import { EngineError } from "../base/mod.ts";
import type { Given } from "./arguments.ts";
import type { RuntimeContext } from "./context.ts";
import { parseFile } from "./config.ts";
import { resourcesOf } from "./config-linux.ts";
import { JsonValue } from "./json-value.ts";
import { cgroupOf, StateFolder } from "./state.ts";

const STANDARD_INPUT = 0;

/** `update --resources FILE|-`: the limits of a running container. Which devices it may use stays. */
export function updateContainer(ctx: RuntimeContext, given: Given): void {
  const state = new StateFolder(ctx.root, given.id()).read();
  const from = given.value("resources");
  if (from === undefined) throw new EngineError("InvalidParameter", "--resources is needed: a file of limits, or - for standard input");
  const limits = from === "-" ? JsonValue.parse(readFileSync(STANDARD_INPUT, "utf8"), "") : parseFile(from);
  cgroupOf(state).update({ ...resourcesOf(limits), devices: [] });
}
