import type { FileChange } from "../../client/mod.ts";
import { ellipsis, shortId } from "../format/names.ts";
import { binarySize, humanSize } from "../format/size.ts";
import { printable } from "../output.ts";
import type { ContainerPicture, ImagePicture, Sharing, Step } from "./picture.ts";
import type { Words } from "./words.ts";

const SHOWN_CHANGES = 8;
const INSTRUCTION_WIDTH = 72;
const SIZE_WIDTH = 9;

/** The picture as lines for a terminal, without control characters of anybody's names. */
export function draw(picture: ContainerPicture | ImagePicture, words: Words): string {
  const lines = picture.kind === "image" ? imageLines(picture, words) : containerLines(picture, words);
  return `${lines.map(printable).join("\n")}\n`;
}

function imageLines(image: ImagePicture, words: Words): string[] {
  const { settings } = image;
  const name = image.names[0] ?? shortId(image.id);
  return [
    words.image(name, image.platform),
    "",
    ...stackOf(image, name, words, "┌"),
    "",
    ...sections([
      [words.labels.runs, [words.process([...settings.entrypoint, ...settings.cmd].join(" ") || words.nothing, settings.user, settings.workingDir)]],
      [words.labels.environment, settings.env],
      [words.labels.ports, settings.ports],
      [words.labels.volumes, settings.volumes],
    ]),
  ];
}

function containerLines(container: ContainerPicture, words: Words): string[] {
  const { name, process, labels } = { ...container, labels: words.labels };
  return [
    words.containerOf(name, container.imageName),
    ...stateLines(container, words),
    "",
    ...writableLines(container, words),
    ...stackOf(container.image, container.imageName, words, "├"),
    "",
    ...sections([
      [labels.process, [words.process(process.command.join(" "), process.user, process.workingDir)]],
      [labels.namespaces, namespaceLines(container, words)],
      [labels.privileges, privilegeLines(container, words)],
      [labels.limits, [limitText(container, words)]],
      [labels.mounts, container.mounts.length === 0 ? [words.noMounts] : container.mounts.map((mount) => `${mount.target} ← ${mount.source || mount.type} (${words.mount(mount.type, mount.writable, mount.removedWithContainer)})`)],
      [labels.network, networkLines(container, words)],
      [labels.log, [words.log(container.log.driver, name)]],
      [labels.end, [words.restart(container.restart), container.autoRemove ? words.removedAtEnd : words.removedByHand(name)]],
    ]),
  ];
}

function stateLines({ state }: ContainerPicture, words: Words): string[] {
  const health = state.health && state.health !== "none" ? [words.health(state.health)] : [];
  if (state.status === "running") return [words.running(state.pid), ...health];
  if (state.status === "paused") return [words.paused(state.pid), ...health];
  return [state.status === "exited" ? words.exited(state.exitCode, state.oomKilled) : words.otherState(state.status)];
}

const MARKS: Readonly<Record<number, string>> = { 0: "C", 1: "A", 2: "D" };

function writableLines({ name, writable }: ContainerPicture, words: Words): string[] {
  const { changes, added, changed, deleted } = writable;
  const shown = changes.slice(0, SHOWN_CHANGES).map(({ Kind, Path }: FileChange) => `${MARKS[Kind] ?? "?"} ${Path}`);
  return [
    `┌ ${words.writableLayer}  ${humanSize(writable.sizeBytes)}  (${words.writableMeaning})`,
    `│   ${changes.length === 0 ? words.unchanged : words.changes(added, changed, deleted)}`,
    ...shown.map((line) => `│     ${line}`),
    ...(changes.length > shown.length ? [`│     ${words.moreChanges(changes.length - shown.length, name)}`] : []),
    ...(writable.folder === undefined ? [] : [`│   ${words.folder} ${writable.folder}`]),
  ];
}

function stackOf(image: ImagePicture, name: string, words: Words, corner: string): string[] {
  const step = ({ layer, sizeBytes, instruction }: Step): string => {
    const [number, size] = layer === undefined ? ["", ""] : [String(layer), humanSize(sizeBytes)];
    const text = ellipsis(instruction.replace(/\s+/g, " "), INSTRUCTION_WIDTH) || words.unknownInstruction;
    return `│ ${number.padStart(4)} ${size.padStart(SIZE_WIDTH)}  ${text}${layer === undefined ? `  (${words.settingOnly})` : ""}`;
  };
  return [`${corner} ${words.layersOf(name)}  ${humanSize(image.sizeBytes)}  (${words.layersMeaning})`, ...image.steps.map(step), "└"];
}

function namespaceLines({ namespaces }: ContainerPicture, words: Words): string[] {
  const groups = Map.groupBy(Object.entries(namespaces), ([, sharing]): Sharing => (sharing === "none" ? "own" : sharing));
  return [...groups].map(([sharing, members]) => {
    const names = members.map(([name]) => name).join(", ");
    if (sharing === "own") return words.ownNamespaces(names);
    return sharing === "host" ? words.sharedWithHost(names) : words.sharedWith(names, shortId(sharing.slice("container:".length)));
  });
}

function privilegeLines({ privileges }: ContainerPicture, words: Words): string[] {
  const { privileged, added, dropped, seccomp, noNewPrivileges, readOnlyRoot } = privileges;
  const capabilities = added.length + dropped.length === 0 ? words.defaultCapabilities : words.capabilities(added.join(", "), dropped.join(", "));
  return [privileged ? words.privileged : capabilities, words.seccomp[seccomp], ...(noNewPrivileges ? [words.noNewPrivileges] : []), ...(readOnlyRoot ? [words.readOnlyRoot] : [])];
}

function limitText({ limits }: ContainerPicture, words: Words): string {
  const said = [
    ...(limits.memoryBytes > 0 ? [words.memory(binarySize(limits.memoryBytes))] : []),
    ...(limits.cpus > 0 ? [words.cpus(limits.cpus)] : []),
    ...(limits.cpuSet ? [words.cpuSet(limits.cpuSet)] : []),
    ...(limits.cpuShares > 0 ? [words.cpuShares(limits.cpuShares)] : []),
    ...(limits.pids > 0 ? [words.pids(limits.pids)] : []),
  ];
  return said.length > 0 ? said.join(", ") : words.noLimits;
}

function networkLines({ namespaces, networks, ports }: ContainerPicture, words: Words): string[] {
  if (namespaces.network === "none") return [words.noNetwork];
  if (namespaces.network === "host") return [words.hostNetwork];
  if (namespaces.network.startsWith("container:")) return [words.joinedNetwork(shortId(namespaces.network.slice("container:".length)))];
  return [...networks.map(({ name, address, gateway }) => (address ? words.address(name, address, gateway) : words.notConnected(name))), ...(ports.length > 0 ? [words.published(ports.join(", "))] : [])];
}

/** Labels in one column, as wide as the widest on a screen. */
function sections(rows: ReadonlyArray<readonly [label: string, lines: readonly string[]]>): string[] {
  const width = Math.max(...rows.map(([label]) => Bun.stringWidth(label))) + 2;
  return rows.filter(([, lines]) => lines.length > 0).flatMap(([label, lines]) => lines.map((line, at) => (at === 0 ? label + " ".repeat(width - Bun.stringWidth(label)) : " ".repeat(width)) + line));
}
