/**
 * Compose: files to a typed project. `loadProject` does what every command starts with.
 *
 *     const project = loadProject({ files: ["compose.yaml"], environment: process.env });
 *     project.services["web"]?.ports?.[0]?.published
 */
export { ComposeError, type MistakePlace } from "./errors.ts";
export { loadProject, loadProjectTree, type LoadedTree, type LoadProjectOptions } from "./load/load.ts";
export { readDescriptor } from "./load/files.ts";
export { portableFile, type NeededFile } from "./load/portable.ts";
export { isRemote, RemoteFileError, type RemoteFile, type RemoteFiles } from "./load/remote.ts";
export { ALL_STEPS, type LoadSteps, type ProjectOptions } from "./load/options.ts";
export type { Plain } from "./output/out.ts";
export { writeJson } from "./output/json.ts";
export { writeYaml } from "./output/yaml.ts";
export { treeOut } from "./output/tree.ts";
export { writeProject, writeService, type Project, type Service } from "./model/project.ts";
export type { FileObject, Model, Network, Volume } from "./model/resources.ts";
export type { Attachment, Dependency, EnvFile, Healthcheck, Hook, Mount, Port, WatchTrigger } from "./model/service.ts";
export type { Build, FileMount, Ulimit } from "./model/build.ts";
export type { Deploy, DeviceRequest, UpdateConfig } from "./model/deploy.ts";
export { shellWords } from "./model/shell-words.ts";
export { formatDuration, parseDuration, parseSize } from "./model/quantities.ts";
export { networkHash, serviceHash, volumeHash } from "./hash.ts";
export { COMPOSE_VERSION, LABELS } from "./labels.ts";
export { checkPorts } from "./check/ports.ts";
export { withPlatforms } from "./project/platform.ts";
export { scaleOf } from "./project/scale.ts";
export { imageOf } from "./project/image.ts";
export { withoutUnused, withProfiles, withSelectedServices, withServicesEnabled, type Neighbours } from "./project/select.ts";
export { variablesOf, type Variable } from "./interpolation/variables.ts";
export type { ComposeContext, ImageWork } from "./run/context.ts";
export type { ProgressEvent } from "./run/progress.ts";
export { up, type UpOptions, type UpResult } from "./run/up.ts";
export { down, type DownOptions, type DownTarget } from "./run/down.ts";
export { kill, pause, remove, restart, selected, start, stop, unpause, type Selection } from "./run/lifecycle.ts";
export { explainUp, type Explanation, type ExplainedContainer, type ExplainedThing } from "./run/explain.ts";
export { makeOneOff, type OneOffOptions } from "./run/one-off.ts";
export { encodeEntries, type TarEntry } from "./run/tar-files.ts";
export type { ProviderWork } from "./run/providers.ts";
export { runHooks } from "./run/hooks.ts";
export { observeContainers, type ObservedContainer } from "./run/observe.ts";
