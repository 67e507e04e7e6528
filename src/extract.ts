/** Entry of the helper processes (`hako __extract`, `hako __tree`): a door of its own, so that they load nothing else. */
export { extractMain, treeMain } from "./archive/mod.ts";
