/** Entry of the helper processes (`hako __extract`, `hako __tree`, `hako __gzip`, `hako __mount`, `hako __build`): a door of its own, so that they load nothing else. */
export { extractMain, gzipMain, treeMain } from "./archive/mod.ts";
export { mountMain } from "./volume/mod.ts";
export { buildWorkerMain } from "./layer-files/mod.ts";
