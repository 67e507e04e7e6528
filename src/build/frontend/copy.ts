import { EngineError } from "../../base/mod.ts";
import { isGitSource, type AddInstruction, type CopyInstruction, type InlineFile } from "../../dockerfile/mod.ts";
import { parseDigest } from "../../spec/mod.ts";
import type { FileAction } from "../graph/op.ts";
import { makeVertex } from "../graph/make-vertex.ts";
import type { Vertex } from "../graph/vertex.ts";
import { gitVertex, type ResolveGit } from "../sources/git-vertex.ts";
import { copySource, copyTarget } from "./paths.ts";
import type { StageState } from "./stage-state.ts";

const DOWNLOAD_MODE = 0o600;

export interface CopyPlaces {
  /** What paths without a scheme are in. */
  readonly files: () => Promise<Vertex>;
  readonly resolveGit: ResolveGit;
  /** What changes when the file at a URL does. */
  readonly validate: (url: string) => Promise<string>;
}

/** COPY or ADD as a vertex on top of the stage. */
export async function copyVertex(state: StageState, instruction: CopyInstruction | AddInstruction, shownName: string, places: CopyPlaces): Promise<Vertex> {
  const name = state.nextName(shownName);
  const shown = { name, stage: state.name, ignoreCache: state.options.ignoreCache };
  const inputs: Vertex[] = state.vertex && !instruction.link ? [state.vertex] : [];
  const base = inputs.length > 0 ? (0 as const) : undefined;
  const { target, isFolder } = copyTarget(state.workdir, instruction.destination);
  const common = { target, parents: false, exclude: instruction.exclude, owner: instruction.chown, mode: instruction.chmod, contentsOnly: true, followLinks: true, required: true };
  const inputOf = (vertex: Vertex): number => {
    const known = inputs.indexOf(vertex);
    return known >= 0 ? known : inputs.push(vertex) - 1;
  };
  const actions: FileAction[] = [];
  const local: string[] = [];
  const several = instruction.sources.length + instruction.files.length > 1;
  for (const source of instruction.sources) {
    if (instruction.kind === "add" && isGitSource(source)) {
      const vertex = await gitVertex(source, { keepGitFolder: instruction.keepGitDir, checksum: instruction.checksum, name: shown.name, resolve: places.resolveGit });
      actions.push({ action: "copy", input: inputOf(vertex), sources: ["/"], ...common, targetIsFolder: isFolder, wildcards: false, unpack: false });
    } else if (instruction.kind === "add" && /^https?:\/\//i.test(source)) {
      const download = await downloadVertex(source, instruction, isFolder || several, shown.name, places);
      actions.push({ action: "copy", input: inputOf(download.vertex), sources: [`/${download.fileName}`], ...common, targetIsFolder: isFolder || several, wildcards: false, unpack: instruction.unpack ?? false });
    } else local.push(copySource(source) + (source.endsWith("/") && source !== "/" ? "/" : ""));
  }
  if (local.length > 0) {
    const unpack = instruction.kind === "add" && (instruction.unpack ?? true);
    const parents = instruction.kind === "copy" && instruction.parents;
    actions.push({ action: "copy", input: inputOf(await places.files()), sources: local.map((path) => path.replace(/(?<=.)\/$/, "")), ...common, targetIsFolder: isFolder || several, wildcards: true, parents, unpack });
  }
  for (const file of instruction.files) actions.push({ action: "copy", input: inputOf(inlineVertex(file)), sources: [copySource(file.name)], ...common, targetIsFolder: isFolder || several, wildcards: false, unpack: false });
  if (!instruction.link) return makeVertex({ kind: "file", base, actions }, inputs, shown);
  const alone = makeVertex({ kind: "file", base: undefined, actions }, inputs, shown);
  return state.vertex === undefined ? alone : makeVertex({ kind: "merge" }, [state.vertex, alone], { ...shown, name: name.replace(/\] /, "] LINK ") });
}

async function downloadVertex(url: string, { checksum }: AddInstruction, intoFolder: boolean, name: string, { validate }: CopyPlaces): Promise<{ readonly vertex: Vertex; readonly fileName: string }> {
  const fileName = nameInURL(url);
  if (fileName === undefined && intoFolder) throw new EngineError("InvalidParameter", `cannot determine filename for source ${url}`);
  const used = fileName ?? "__unnamed__";
  const known = checksum === "" ? { validator: await validate(url) } : { checksum: parseDigest(checksum) };
  return { fileName: used, vertex: makeVertex({ kind: "http", url, ...known, fileName: used, mode: DOWNLOAD_MODE }, [], { name, stage: "", ignoreCache: false }) };
}

function nameInURL(url: string): string | undefined {
  const path = URL.parse(url)?.pathname ?? "";
  const last = path.replace(/\/+$/, "").split("/").at(-1) ?? "";
  try {
    const name = decodeURIComponent(last);
    return name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0") ? undefined : name;
  } catch {
    return undefined;
  }
}

function inlineVertex({ name, content }: InlineFile): Vertex {
  return makeVertex({ kind: "file", base: undefined, actions: [{ action: "makeFile", path: copySource(name), content: Buffer.from(content), owner: "", mode: "644" }] }, [], { name: "[internal] preparing inline document", stage: "", ignoreCache: false });
}
