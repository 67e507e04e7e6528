/** The types lie with the protocols, where the command line has them too. */
export type { BuildRequest, DockerfilePlace, MainContext, NamedContext, StepResources, ExporterRequest, CacheEntry, AttestRequest, Annotation, RegistryCredentials, BuildResult } from "../spec/mod.ts";
export { DEFAULT_BUILD_REQUEST as DEFAULT_REQUEST } from "../spec/mod.ts";
