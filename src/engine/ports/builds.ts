export type { BuildClient, BuildDeps, BuildImages, BuildRequest, BuildResult, ClientFolder, Solver, Step, Tell } from "../../build/mod.ts";
