/** Kinds of names that only the engine, or the configuration folder, knows. */
export type LiveKind = "containers" | "running" | "startable" | "paused" | "removable" | "images" | "volumes" | "networks" | "contexts" | "objects" | "runtimes" | "logDrivers" | "paths";

export interface ArgumentKind {
  readonly kind: LiveKind | "files" | "services";
  /** How many arguments are of this kind; undefined: all. */
  readonly most?: number;
  /** What the one after those names. */
  readonly then?: LiveKind;
}

/** Between the values of a flag that stands several times. */
export const SEPARATOR = "\0";

/** Commands of compose that are about services, and those about one of them. */
const OF_SERVICES = ["build", "config", "create", "down", "events", "explain", "images", "kill", "logs", "pause", "ps", "pull", "push", "restart", "rm", "start", "stop", "top", "unpause", "up", "volumes", "wait", "watch"];
const OF_ONE = ["attach", "commit", "exec", "export", "port", "run", "stats"];
const compose = (names: readonly string[], kind: ArgumentKind): Record<string, ArgumentKind> => Object.fromEntries(names.map((name) => [`compose ${name}`, kind]));

/** What the arguments of each command name. */
export const ARGUMENTS: Readonly<Record<string, ArgumentKind>> = {
  ...compose(OF_SERVICES, { kind: "services" }),
  ...compose(OF_ONE, { kind: "services", most: 1 }),
  "container attach": { kind: "running", most: 1 },
  "container commit": { kind: "containers", most: 1 },
  "container cp": { kind: "paths", most: 2 },
  "container create": { kind: "images", most: 1 },
  "container diff": { kind: "containers", most: 1 },
  "container exec": { kind: "running", most: 1 },
  "container export": { kind: "containers", most: 1 },
  "container inspect": { kind: "containers" },
  "container kill": { kind: "running" },
  "container logs": { kind: "containers", most: 1 },
  "container pause": { kind: "running" },
  "container port": { kind: "containers", most: 1 },
  "container rename": { kind: "containers", most: 1 },
  "container restart": { kind: "containers" },
  "container rm": { kind: "removable" },
  "container run": { kind: "images", most: 1 },
  "container start": { kind: "startable" },
  "container stats": { kind: "running" },
  "container stop": { kind: "running" },
  "container top": { kind: "running", most: 1 },
  "container unpause": { kind: "paused" },
  "container update": { kind: "containers" },
  "container wait": { kind: "running" },
  "context export": { kind: "contexts", most: 1 },
  "context inspect": { kind: "contexts" },
  "context rm": { kind: "contexts" },
  "context update": { kind: "contexts", most: 1 },
  "context use": { kind: "contexts", most: 1 },
  "image history": { kind: "images", most: 1 },
  // In backquotes, or a reader of imports takes it for one.
  [`image import`]: { kind: "files", most: 1 },
  "image inspect": { kind: "images" },
  "image ls": { kind: "images", most: 1 },
  "image push": { kind: "images", most: 1 },
  "image rm": { kind: "images" },
  "image save": { kind: "images" },
  "image tag": { kind: "images", most: 1 },
  "network connect": { kind: "networks", most: 1, then: "containers" },
  "network disconnect": { kind: "networks", most: 1, then: "containers" },
  "network inspect": { kind: "networks" },
  "network rm": { kind: "networks" },
  "volume inspect": { kind: "volumes" },
  "volume rm": { kind: "volumes" },
  debug: { kind: "containers", most: 1 },
  explain: { kind: "objects" },
  inspect: { kind: "objects" },
};
