import type { ClientFolder } from "../client.ts";
import type { JobInput } from "../../layer-files/mod.ts";
import type { LayerPort } from "./ports.ts";
import type { LayerRef } from "./types.ts";

/** What a vertex came to, as others take it. */
export type Evaluated = { readonly kind: "layers"; readonly layers: readonly LayerRef[] } | { readonly kind: "folder"; readonly folder: ClientFolder };

export const NO_LAYERS: Evaluated = { kind: "layers", layers: [] };

/** For a worker. */
export function jobInput(input: Evaluated, layers: Pick<LayerPort, "folder">): JobInput {
  if (input.kind === "folder") return { kind: "context", folders: [input.folder.folder], layers: [], listed: input.folder.listed };
  const topFirst = [...input.layers].reverse();
  return { kind: "layers", folders: topFirst.map(({ n }) => layers.folder(n)), layers: topFirst.map(({ n }) => n) };
}

/** The id of a stack; what is empty has one too. */
export function stackID(input: Evaluated | undefined): string {
  return input?.kind === "layers" ? (input.layers.at(-1)?.chainID ?? "scratch") : "scratch";
}
