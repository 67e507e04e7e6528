import "./core.ts";

/** Loading `node:fs` takes a tenth of a short command's time, so whoever is on a quick command's path does it when there is a file to touch. */
export const fileSystem = (): typeof import("node:fs") => require("node:fs");
