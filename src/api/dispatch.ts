import { EngineError, firstFailure, messageOf } from "../base/mod.ts";
import { readJsonText, type Body } from "./body.ts";
import type { Engine } from "./engine.ts";
import { parseJson } from "./json-syntax.ts";
import { readQuery, unescapePercent } from "./query.ts";
import { json, type Reply, type Route } from "./route.ts";
import type { Match, Router } from "./router.ts";
import { statusOf } from "./status.ts";
import { adaptToVersion } from "./version-shapes.ts";
import { checkVersion, splitVersion } from "./version.ts";

/** A request whose endpoint is known and whose body was not touched yet. */
export interface Call {
  readonly match: Match;
  readonly version: string;
  readonly search: string;
}

export interface Target {
  readonly path: string;
  readonly search: string;
}

/** Splits a request target; the absolute form of proxies loses its host. */
export function splitTarget(url: string): Target {
  const target = url.startsWith("/") ? url : url.replace(/^[a-z]+:\/\/[^/?]*/i, "") || "/";
  const mark = target.indexOf("?");
  return mark < 0 ? { path: target, search: "" } : { path: target.slice(0, mark), search: target.slice(mark + 1) };
}

/** The path without empty and dot segments, when that differs: Docker redirects there. */
export function cleanedPath(path: string): string | undefined {
  if (!/\/(?:\/|\.{1,2}(?:\/|$))/.test(path)) return undefined;
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return `/${segments.join("/")}${path.endsWith("/") && segments.length > 0 ? "/" : ""}`;
}

export function findCall(router: Router, method: string, target: Target): Call | undefined {
  const { version, path } = splitVersion(target.path);
  const match = router.find(method, path);
  return match && { match, version, search: target.search };
}

export const failed = (error: unknown): Reply => json({ message: messageOf(error) }, statusOf(error));

/** Answers one call. Never rejects: a failure is a reply. */
export async function dispatch(
  call: Call,
  request: { engine: Engine; body: Body; headers: Readonly<Record<string, string | string[] | undefined>>; signal: AbortSignal },
  report: (error: unknown, route: Route) => void,
): Promise<Reply> {
  const { route } = call.match;
  try {
    checkVersion(call.version);
    const ref = unescapePercent(call.match.ref);
    const query = readQuery(route.query, call.search);
    const body = await readBody(route, request.body);
    const reply = await route.respond({ ...request, version: call.version, ref, query, json: body });
    return reply.kind === "json" ? { ...reply, value: adaptToVersion(route, call.version, reply.value) } : reply;
  } catch (thrown) {
    const error = firstFailure(thrown);
    if (!(error instanceof EngineError) || error.kind === "System") report(error, route);
    return failed(error);
  }
}

async function readBody(route: Route, body: Body): Promise<unknown> {
  if (!route.body) return undefined;
  const text = await readJsonText(body);
  if (text === "" && route.bodyOptional) return {};
  return route.body.decode(parseJson(text), { root: rootName(route.body.type), path: "" }) ?? {};
}

/** Docker's create request is made of two Go structs, and then Go leaves the name out. */
function rootName(type: string): string {
  return type === "container.CreateRequest" ? "" : type.slice(type.indexOf(".") + 1);
}
