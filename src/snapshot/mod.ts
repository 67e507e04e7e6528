export { snapshotSchema } from "./schema.ts";
export { Snapshots } from "./snapshots.ts";
export type { Layer, Layers, NewLayer } from "./layers.ts";
export { StackedTree } from "./stacked-tree.ts";
