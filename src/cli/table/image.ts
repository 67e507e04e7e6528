import type { CommandSpec } from "../command.ts";
import type { Flag } from "../flags.ts";

const FORMAT: Flag = { name: "format", type: "string", help: "Format the output with a Go template, 'table', 'table TEMPLATE' or 'json'" };
const PLATFORM: Flag = { name: "platform", type: "string", help: 'Only this platform, "os[/arch[/variant]]"' };
const FORCE: Flag = { name: "force", short: "f", type: "bool", help: "Do not ask for confirmation" };

export const BOOTSTRAP: CommandSpec = {
  summary: "Make a base image from Debian's archive, verified by the archive's signatures",
  usage: "[OPTIONS] debian|busybox [NAME[:TAG]]",
  args: [1, 2],
  flags: [
    { name: "keyring", type: "string", help: "Keys that the archive must be signed with (default /usr/share/keyrings/debian-archive-keyring.gpg)" },
    { name: "mirror", type: "string", help: "Address of the archive (default: that of this machine's apt)" },
    { name: "suite", type: "string", help: "Release, such as bookworm (default: that of this machine's apt, or stable)" },
  ],
  load: () => import("../commands/image-bootstrap.ts"),
};

export const HISTORY: CommandSpec = {
  summary: "Show how an image came to be",
  usage: "[OPTIONS] IMAGE",
  args: [1, 1],
  flags: [
    FORMAT,
    { name: "human", short: "H", type: "bool", default: "true", help: "Print sizes and dates for people" },
    { name: "no-trunc", type: "bool", help: "Do not shorten output" },
    PLATFORM,
    { name: "quiet", short: "q", type: "bool", help: "Show only image IDs" },
  ],
  load: () => import("../commands/history.ts"),
};

export const IMAGES: CommandSpec = {
  summary: "List images",
  usage: "[OPTIONS] [REPOSITORY[:TAG]]",
  args: [0, 1],
  flags: [
    { name: "all", short: "a", type: "bool", help: "Show intermediate images too" },
    { name: "digests", type: "bool", help: "Show digests" },
    { name: "filter", short: "f", type: "filter", help: "Show only what matches these conditions" },
    FORMAT,
    { name: "no-trunc", type: "bool", help: "Do not shorten output" },
    { name: "quiet", short: "q", type: "bool", help: "Show only image IDs" },
    { name: "tree", type: "bool", help: "List images of several platforms as a tree" },
  ],
  configured: { format: "imagesFormat" },
  load: () => import("../commands/images.ts"),
};

export const IMPORT: CommandSpec = {
  summary: "Make an image from a tar archive of a root file system",
  usage: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
  args: [1],
  flags: [
    { name: "change", short: "c", type: "list", help: "Dockerfile instruction to apply to the image" },
    { name: "message", short: "m", type: "string", help: "Commit message of the image" },
    { name: "platform", type: "string", help: "Platform of the image" },
  ],
  load: () => import("../commands/import.ts"),
};

export const INSPECT_IMAGE: CommandSpec = {
  summary: "Show everything about images",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  args: [1],
  flags: [{ ...FORMAT, short: "f" }, PLATFORM],
  load: () => import("../commands/inspect-image.ts"),
};

export const LOAD: CommandSpec = {
  summary: "Load images from a tar archive or STDIN",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [{ name: "input", short: "i", type: "string", help: "Read from this file instead of STDIN" }, PLATFORM, { name: "quiet", short: "q", type: "bool", help: "Do not show progress" }],
  load: () => import("../commands/load.ts"),
};

export const PRUNE_IMAGES: CommandSpec = {
  summary: "Remove unused images",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [
    { name: "all", short: "a", type: "bool", help: "Remove all unused images, not just dangling ones" },
    { name: "filter", type: "filter", help: 'Conditions: until=<timestamp>, label=<key>[=<value>], label!=..., unused-for=<duration since the last container of it went>' },
    FORCE,
  ],
  configured: { filters: true },
  load: () => import("../commands/image-prune.ts"),
};

export const PULL: CommandSpec = {
  summary: "Download an image from a registry",
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  args: [1, 1],
  flags: [
    { name: "all-tags", short: "a", type: "bool", help: "Download all tagged images in the repository" },
    { name: "disable-content-trust", type: "bool", default: "true", hidden: true, help: "Skip image verification" },
    { name: "platform", type: "string", help: "Set platform if server is multi-platform capable" },
    { name: "quiet", short: "q", type: "bool", help: "Suppress verbose output" },
  ],
  load: () => import("../commands/pull.ts"),
};

export const PUSH: CommandSpec = {
  summary: "Upload an image to a registry",
  usage: "[OPTIONS] NAME[:TAG]",
  args: [1, 1],
  flags: [
    { name: "all-tags", short: "a", type: "bool", help: "Push all tags of an image to the repository" },
    { name: "disable-content-trust", type: "bool", default: "true", hidden: true, help: "Skip image signing" },
    { name: "platform", type: "string", help: 'Push only this platform, "os[/arch[/variant]]"' },
    { name: "quiet", short: "q", type: "bool", help: "Suppress verbose output" },
  ],
  load: () => import("../commands/push.ts"),
};

export const RMI: CommandSpec = {
  summary: "Remove images",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  args: [1],
  flags: [
    { name: "force", short: "f", type: "bool", help: "Remove it even if it is in use" },
    { name: "no-prune", type: "bool", help: "Keep untagged parents" },
    { name: "platform", type: "strings", help: 'Remove only this platform, "os[/arch[/variant]]"' },
  ],
  load: () => import("../commands/rmi.ts"),
};

export const SAVE: CommandSpec = {
  summary: "Save images to a tar archive (streamed to STDOUT by default)",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  args: [1],
  flags: [{ name: "output", short: "o", type: "string", help: "Write to a file, instead of STDOUT" }, PLATFORM],
  load: () => import("../commands/save.ts"),
};

export const TAG: CommandSpec = { summary: "Give an image another name", usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", args: [2, 2], flags: [], load: () => import("../commands/tag.ts") };
