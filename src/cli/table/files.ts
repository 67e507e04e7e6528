import type { CommandSpec } from "../command.ts";

/** Commands on containers' files. */

export const CP: CommandSpec = {
  summary: "Copy files and folders between containers and this machine",
  usage: "[OPTIONS] CONTAINER:SRC_PATH... DEST_PATH|-\n\thako cp [OPTIONS] SRC_PATH...|- CONTAINER:DEST_PATH",
  args: [2],
  flags: [
    { name: "archive", short: "a", type: "bool", help: "Archive mode (copy all uid/gid information)" },
    { name: "follow-link", short: "L", type: "bool", help: "Always follow symbolic links in SRC_PATH" },
    { name: "quiet", short: "q", type: "bool", help: "Suppress progress output during copy" },
  ],
  load: () => import("../commands/cp.ts"),
};

export const DIFF: CommandSpec = { summary: "Show what a container has changed of its image's files", usage: "CONTAINER", args: [1, 1], flags: [], load: () => import("../commands/diff.ts") };

export const EXPORT: CommandSpec = {
  summary: "Write a container's files as a tar archive",
  usage: "[OPTIONS] CONTAINER",
  args: [1, 1],
  flags: [{ name: "output", short: "o", type: "string", help: "Write to a file, instead of STDOUT" }],
  load: () => import("../commands/export.ts"),
};

export const COMMIT: CommandSpec = {
  summary: "Make an image of a container's changes",
  usage: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  args: [1, 2],
  flags: [
    { name: "author", short: "a", type: "string", help: 'Author (e.g. "John Hannibal Smith <hannibal@a-team.com>")' },
    { name: "change", short: "c", type: "list", help: "Dockerfile instruction to apply to the image" },
    { name: "message", short: "m", type: "string", help: "Commit message" },
    { name: "pause", short: "p", type: "bool", default: "true", help: "Pause container during commit" },
  ],
  load: () => import("../commands/commit.ts"),
};
