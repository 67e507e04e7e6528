import { EngineError } from "../base/mod.ts";
import type { HealthConfig, ImageProcessConfig } from "../spec/mod.ts";
import { parseGoDuration } from "./filters.ts";

const invalid = (message: string): EngineError => new EngineError("InvalidParameter", message);

/** Applies `--change` instructions (Dockerfile reference, the eleven that docker import and commit accept) to a config. @throws EngineError InvalidParameter, in Docker's words */
export function applyChanges(config: ImageProcessConfig, changes: readonly string[]): ImageProcessConfig {
  let result = { ...config };
  for (const change of changes.flatMap((text) => text.split("\n"))) {
    const line = change.trim();
    if (line === "" || line.startsWith("#")) continue;
    const [, word = "", rest = ""] = /^(\S+)\s*([\s\S]*)$/.exec(line) ?? [];
    result = applyOne(result, word.toUpperCase(), rest.trim(), word);
  }
  return result;
}

function applyOne(config: ImageProcessConfig, instruction: string, rest: string, written: string): ImageProcessConfig {
  if (rest === "" && KNOWN.has(instruction)) throw invalid(`${instruction} requires ${["ONBUILD", "USER", "WORKDIR", "STOPSIGNAL"].includes(instruction) ? "exactly" : "at least"} one argument`);
  switch (instruction) {
    case "CMD":
      return { ...config, Cmd: command(rest) };
    case "ENTRYPOINT":
      return { ...config, Entrypoint: command(rest) };
    case "ENV":
      return { ...config, Env: mergeEnv(config.Env ?? [], pairs(rest, "ENV")) };
    case "EXPOSE":
      return { ...config, ExposedPorts: { ...config.ExposedPorts, ...Object.fromEntries(words(rest).flatMap(ports).map((port) => [port, {}])) } };
    case "LABEL":
      return { ...config, Labels: { ...config.Labels, ...Object.fromEntries(pairs(rest, "LABEL")) } };
    case "USER":
      return { ...config, User: unquote(rest) };
    case "VOLUME":
      return { ...config, Volumes: { ...config.Volumes, ...Object.fromEntries((jsonList(rest) ?? words(rest)).map((path) => [path, {}])) } };
    case "WORKDIR":
      return { ...config, WorkingDir: workingDir(config.WorkingDir ?? "", unquote(rest)) };
    case "STOPSIGNAL":
      return { ...config, StopSignal: stopSignal(unquote(rest)) };
    case "ONBUILD":
      return { ...config, OnBuild: [...(config.OnBuild ?? []), onBuild(rest)] };
    case "HEALTHCHECK":
      return { ...config, Healthcheck: healthcheck(rest) };
    default:
      throw invalid(`${written} is not a valid change command`);
  }
}

const KNOWN = new Set(["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "LABEL", "USER", "VOLUME", "WORKDIR", "STOPSIGNAL", "ONBUILD", "HEALTHCHECK"]);

/** JSON form as it is, anything else through the shell. */
function command(text: string): string[] {
  return jsonList(text) ?? ["/bin/sh", "-c", text];
}

function jsonList(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Words with shell quoting: quotes and backslashes group, and are taken off. */
function words(text: string): string[] {
  return tokens(text).map(unquote);
}

function tokens(text: string): string[] {
  return text.match(/(?:\\[\s\S]|"(?:\\[\s\S]|[^"\\])*"|'[^']*'|[^\s"'\\]|["'\\])+/g) ?? [];
}

function unquote(text: string): string {
  return text.replace(/"((?:\\[\s\S]|[^"\\])*)"|'([^']*)'|\\([\s\S])/g, (_, double?: string, single?: string, escaped?: string) => double?.replace(/\\(["\\$])/g, "$1") ?? single ?? escaped ?? "");
}

/** `k=v k2="v 2"`, or the old `k v` that takes the rest of the line. */
function pairs(text: string, instruction: string): [string, string][] {
  const [first = ""] = tokens(text);
  if (!first.includes("=")) {
    const [, key = "", value] = /^(\S+)\s+([\s\S]+)$/.exec(text) ?? [];
    if (value === undefined) throw invalid(`${instruction} must have two arguments`);
    return [[unquote(key), unquote(value)]];
  }
  return tokens(text).map((token) => {
    const equals = token.indexOf("=");
    if (equals < 0) throw invalid(`Syntax error - can't find = in "${token}". Must be of the form: name=value`);
    if (equals === 0) throw invalid(`${instruction} names can not be blank`);
    return [unquote(token.slice(0, equals)), unquote(token.slice(equals + 1))];
  });
}

function mergeEnv(env: readonly string[], added: readonly [string, string][]): string[] {
  const merged = [...env];
  for (const [key, value] of added) {
    const at = merged.findIndex((item) => item.startsWith(`${key}=`));
    if (at < 0) merged.push(`${key}=${value}`);
    else merged[at] = `${key}=${value}`;
  }
  return merged;
}

/** `80`, `443/udp`, `8000-8003/tcp`. */
function ports(text: string): string[] {
  const [, from = "", to = from, protocol = "tcp"] = /^([0-9]{1,5})(?:-([0-9]{1,5}))?(?:\/([a-zA-Z]+))?$/.exec(text) ?? [];
  const first = Number(from);
  const last = Number(to);
  if (from === "" || first > last || last > 65535) throw invalid(`invalid containerPort: ${text}`);
  if (!["tcp", "udp", "sctp"].includes(protocol.toLowerCase())) throw invalid(`invalid proto: ${protocol}`);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol.toLowerCase()}`);
}

function workingDir(current: string, path: string): string {
  const joined = path.startsWith("/") ? path : `${current || "/"}/${path}`;
  const parts: string[] = [];
  for (const part of joined.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function stopSignal(text: string): string {
  if (!/^(?:[0-9]{1,2}|(?:SIG)?[A-Z][A-Z0-9+-]*)$/i.test(text)) throw invalid(`invalid signal: ${text}`);
  return text;
}

function onBuild(text: string): string {
  const [word = ""] = text.split(/\s/);
  const trigger = word.toUpperCase();
  if (trigger === "ONBUILD") throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger === "MAINTAINER" || trigger === "FROM") throw invalid(`${trigger} isn't allowed as an ONBUILD trigger`);
  return text;
}

const DURATIONS: Readonly<Record<string, keyof HealthConfig>> = { interval: "Interval", timeout: "Timeout", "start-period": "StartPeriod", "start-interval": "StartInterval" };

function healthcheck(text: string): HealthConfig {
  const config: HealthConfig = {};
  let rest = text;
  for (let option = /^--([a-z-]+)=(\S+)\s*/.exec(rest); option; option = /^--([a-z-]+)=(\S+)\s*/.exec(rest)) {
    const [whole, name = "", value = ""] = option;
    rest = rest.slice(whole.length);
    const duration = DURATIONS[name];
    if (duration !== undefined) Object.assign(config, { [duration]: nanoseconds(name, value) });
    else if (name === "retries" && /^[0-9]{1,9}$/.test(value)) config.Retries = Number(value);
    else throw invalid(`unknown flag: ${name}`);
  }
  const [, kind = "", command = ""] = /^(\S+)\s*([\s\S]*)$/.exec(rest) ?? [];
  if (kind.toUpperCase() === "NONE") return { Test: ["NONE"] };
  if (kind.toUpperCase() !== "CMD") throw invalid(`unknown type "${kind}" in HEALTHCHECK (try CMD)`);
  if (command === "") throw invalid("missing command after HEALTHCHECK CMD");
  const list = jsonList(command);
  return { ...config, Test: list ? ["CMD", ...list] : ["CMD-SHELL", command] };
}

function nanoseconds(name: string, value: string): number {
  const ms = parseGoDuration(value);
  if (ms === undefined) throw invalid(`time: invalid duration "${value}"`);
  if (ms < 1) throw invalid(`Interval "${name}" cannot be less than 1ms`);
  return Math.round(ms * 1e6);
}
