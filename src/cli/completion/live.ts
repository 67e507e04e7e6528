import { Client, listContainers, listImages, listNetworks, listVolumes, systemInfo, type Filters } from "../../client/mod.ts";
import { configFolder, loadConfig } from "../config-file.ts";
import { chooseContext, chooseEngine, DEFAULT_CONTEXT } from "../engine-choice.ts";
import { Flags } from "../flags.ts";
import { GLOBAL_FLAGS } from "../global-flags.ts";
import { printable } from "../output.ts";
import type { LiveKind } from "./arguments.ts";
import type { Candidate } from "./directive.ts";

/** Someone waits with a finger on the key: an engine that does not answer has no names. */
const TIMEOUT_MS = 1000;

/** Names as they are now; `written` are the line's own global flags, so that its engine is asked. */
export async function liveNames(kind: LiveKind, written: ReadonlyMap<string, string>): Promise<readonly Candidate[]> {
  const flags = new Flags(GLOBAL_FLAGS);
  for (const flag of GLOBAL_FLAGS) {
    const value = written.get(flag.name);
    if (value !== undefined) flags.set(flag, value);
  }
  const config = loadConfig(configFolder(flags.string("config")));
  if (kind === "contexts") return contextNames(config.folder);
  const { endpoint } = await chooseEngine(chooseContext(flags, config.file), flags, config);
  const client = new Client(endpoint, undefined, config.file.HttpHeaders);
  const late = Promise.withResolvers<readonly Candidate[]>();
  const timer = setTimeout(() => late.resolve([]), TIMEOUT_MS);
  try {
    const names = await Promise.race([ask(client, kind), late.promise]);
    return names.map(({ name, description }) => ({ name: printable(name), ...(description && { description: printable(description) }) }));
  } finally {
    clearTimeout(timer);
  }
}

async function contextNames(folder: string): Promise<Candidate[]> {
  const { listContexts } = await import("../contexts/store.ts");
  return [{ name: DEFAULT_CONTEXT }, ...listContexts(folder).map(({ Name, Endpoints }) => ({ name: Name, description: Endpoints["docker"]?.Host ?? "" }))];
}

async function ask(client: Client, kind: Exclude<LiveKind, "contexts">): Promise<readonly Candidate[]> {
  switch (kind) {
    case "containers":
    case "paths":
      return containers(client, {});
    case "running":
      return containers(client, { status: ["running", "paused", "restarting"] });
    case "startable":
      return containers(client, { status: ["created", "exited"] });
    case "removable":
      return containers(client, { status: ["created", "exited", "dead"] });
    case "paused":
      return containers(client, { status: ["paused"] });
    case "images":
      return (await listImages(client)).flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => name !== "<none>:<none>").map((name) => ({ name }));
    case "volumes":
      return ((await listVolumes(client)).Volumes ?? []).map(({ Name = "", Driver = "" }) => ({ name: Name, description: Driver }));
    case "networks":
      return (await listNetworks(client)).map(({ Name = "", Driver = "" }) => ({ name: Name, description: Driver }));
    case "runtimes":
      return Object.keys((await systemInfo(client)).Runtimes ?? {}).map((name) => ({ name }));
    case "logDrivers":
      return ((await systemInfo(client)).Plugins?.Log ?? []).map((name) => ({ name }));
    case "objects":
      return (await Promise.all((["containers", "images", "networks", "volumes"] as const).map((each) => ask(client, each)))).flat();
    default:
      return kind satisfies never;
  }
}

async function containers(client: Client, filters: Filters): Promise<Candidate[]> {
  const rows = await listContainers(client, { all: true, filters });
  return rows.map(({ Names, Id = "", Image = "", Status = "" }) => ({ name: Names?.[0]?.replace(/^\//, "") ?? Id.slice(0, 12), description: `${Image.replace(/^sha256:([0-9a-f]{12}).*/, "$1")}, ${Status}` }));
}
