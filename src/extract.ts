/** Entry of the helper processes (`hako __extract`, `hako __tree`, `hako __gzip`, `hako __layers`, `hako __mount`, `hako __build`): a door of its own, so that they load nothing else. */
export { extractMain, gzipMain, layerPackerMain, treeMain } from "./archive/mod.ts";
export { mountMain } from "./volume/mod.ts";
export { buildWorkerMain } from "./layer-files/mod.ts";
