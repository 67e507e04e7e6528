/** Entry of the helper process that unpacks archives (`hako __extract`): a door of its own, so that it loads nothing else. */
export { extractMain } from "./archive/mod.ts";
