import type { CommandSpec, Entry } from "../command.ts";
import type { Flag } from "../flags.ts";

const insecure = (help: string): Flag => ({ name: "insecure", type: "bool", help });
const READ_INSECURE = insecure("Allow communication with an insecure registry");

const CREATE: CommandSpec = {
  summary: "Create a local manifest list for annotating and pushing to a registry",
  usage: "MANIFEST_LIST MANIFEST [MANIFEST...]",
  args: [2],
  flags: [{ name: "amend", short: "a", type: "bool", help: "Amend an existing manifest list" }, READ_INSECURE],
  local: true,
  load: () => import("../commands/manifest-create.ts"),
};

const ANNOTATE: CommandSpec = {
  summary: "Add additional information to a local image manifest",
  usage: "[OPTIONS] MANIFEST_LIST MANIFEST",
  args: [2, 2],
  flags: [
    { name: "arch", type: "string", help: "Set architecture" },
    { name: "os", type: "string", help: "Set operating system" },
    { name: "os-features", type: "strings", help: "Set operating system feature" },
    { name: "os-version", type: "string", help: "Set operating system version" },
    { name: "variant", type: "string", help: "Set architecture variant" },
  ],
  local: true,
  load: () => import("../commands/manifest-annotate.ts"),
};

const INSPECT: CommandSpec = {
  summary: "Display an image manifest, or manifest list",
  usage: "[OPTIONS] [MANIFEST_LIST] MANIFEST",
  args: [1, 2],
  flags: [READ_INSECURE, { name: "verbose", short: "v", type: "bool", help: "Output additional info including layers and platform" }],
  local: true,
  load: () => import("../commands/manifest-inspect.ts"),
};

const PUSH: CommandSpec = {
  summary: "Push a manifest list to a repository",
  usage: "[OPTIONS] MANIFEST_LIST",
  args: [1, 1],
  flags: [insecure("Allow push to an insecure registry"), { name: "purge", short: "p", type: "bool", help: "Remove the local manifest list after push" }],
  local: true,
  load: () => import("../commands/manifest-push.ts"),
};

const RM: CommandSpec = { summary: "Delete one or more manifest lists from local storage", usage: "MANIFEST_LIST [MANIFEST_LIST...]", args: [1], flags: [], local: true, load: () => import("../commands/manifest-rm.ts") };

export const MANIFEST: Entry = {
  name: "manifest",
  summary: "Manage manifest lists of registries",
  section: "management",
  children: [
    { name: "annotate", command: ANNOTATE },
    { name: "create", command: CREATE },
    { name: "inspect", command: INSPECT },
    { name: "push", command: PUSH },
    { name: "rm", command: RM },
  ],
};
