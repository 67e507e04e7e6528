import type { ContainerCreateRequest } from "../../spec/mod.ts";
import type { Flags } from "../flags.ts";
import { eachValue } from "../parse.ts";
import { ValueError } from "../values.ts";
import { healthcheck } from "./health.ts";
import { hostConfig } from "./host-config.ts";
import { checkLabel, parseEnv, readEnvFile, readLabelFile, splitPair } from "./key-value.ts";
import { networkRequest } from "./network.ts";
import { parseExpose, parsePublish } from "./ports.ts";
import { record, set } from "./set.ts";
import { sortVolumes } from "./volume.ts";

const STREAMS = new Set(["stdin", "stdout", "stderr"]);
/** The engine's own first image speaks the user's language; no other image gets our locale. */
const EMBEDDED_IMAGE = /^hako\/hello(?::latest)?$/;

/** What `create` and `run` send, of the flags of CREATE_FLAGS and the arguments after them. */
export function createRequest(flags: Flags, image: string, command: readonly string[]): ContainerCreateRequest {
  const request: ContainerCreateRequest = { Image: image };
  checkPullPolicy(flags.string("pull"));
  const attached = eachValue(flags, "attach", parseStream);
  const interactive = flags.bool("interactive");
  request.AttachStdin = attached.includes("stdin") || interactive;
  request.AttachStdout = attached.length === 0 || attached.includes("stdout");
  request.AttachStderr = attached.length === 0 || attached.includes("stderr");
  request.OpenStdin = interactive;
  request.StdinOnce = interactive && request.AttachStdin;
  request.Tty = flags.bool("tty");
  set(request, "Cmd", [...command]);
  const entrypoint = flags.string("entrypoint");
  if (entrypoint !== undefined) request.Entrypoint = [entrypoint];
  set(request, "Hostname", flags.string("hostname"));
  set(request, "Domainname", flags.string("domainname"));
  set(request, "User", flags.string("user"));
  set(request, "WorkingDir", flags.string("workdir"));
  set(request, "StopSignal", flags.string("stop-signal"));
  set(request, "StopTimeout", flags.number("stop-timeout"));
  set(request, "Env", environment(flags, image));
  set(request, "Labels", record([...flags.list("label-file").flatMap(readLabelFile), ...eachValue(flags, "label", checkLabel)].map(splitPair)));
  set(request, "Healthcheck", healthcheck(flags));
  const volumes = sortVolumes(flags.list("volume"));
  set(request, "Volumes", record(volumes.anonymous.map((path) => [path, {}] as const)));
  const published = flags.list("publish").flatMap(parsePublish);
  const exposed = [...published.map(({ port }) => port), ...flags.list("expose").flatMap(parseExpose)];
  set(request, "ExposedPorts", record(exposed.map((port) => [port, {}] as const)));
  const { mode, networking } = networkRequest(flags);
  set(request, "NetworkingConfig", networking);
  request.HostConfig = hostConfig(flags, { binds: volumes.binds, published, networkMode: mode });
  return request;
}

function checkPullPolicy(policy = "missing"): void {
  if (!["always", "missing", "never"].includes(policy)) throw new Error(`invalid pull option: '${policy}': must be one of "always", "missing" or "never"`);
}

function parseStream(value: string): string {
  const stream = value.toLowerCase();
  if (!STREAMS.has(stream)) throw new ValueError("valid streams are STDIN, STDOUT and STDERR");
  return stream;
}

function environment(flags: Flags, image: string): string[] {
  const locale = EMBEDDED_IMAGE.test(image) ? ["LANG", "LC_ALL"].filter((name) => process.env[name]).map(parseEnv) : [];
  return [...locale, ...flags.list("env-file").flatMap(readEnvFile), ...eachValue(flags, "env", parseEnv)];
}
