/** The types lie with the protocols, where the command line has them too. */
export type { BuildEvent, VertexState, BuildWarning } from "../spec/mod.ts";
