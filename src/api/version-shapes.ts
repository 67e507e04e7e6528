import type { Route } from "./route.ts";
import { isOlder } from "./version.ts";

/** What an endpoint answers to clients older than `before`. */
interface OlderShape {
  readonly endpoint: string;
  readonly before: string;
  /** Changes a copy of one answer. */
  readonly adapt: (answer: Record<string, unknown>) => void;
}

const each = (value: unknown, change: (item: Record<string, unknown>) => void): void => {
  if (Array.isArray(value)) for (const item of value) change(item as Record<string, unknown>);
};
const addVirtualSize = (image: Record<string, unknown>): void => {
  image["VirtualSize"] = image["Size"];
};
const EMPTY_CONFIG = {
  Hostname: "", Domainname: "", User: "", AttachStdin: false, AttachStdout: false, AttachStderr: false, Tty: false, OpenStdin: false, StdinOnce: false,
  Env: null, Cmd: null, Image: "", Volumes: null, WorkingDir: "", Entrypoint: null, OnBuild: null, Labels: null,
};

/** Every shape that changed between API 1.24 and today and that clients read. */
const OLDER_SHAPES: readonly OlderShape[] = [
  { endpoint: "GET /images/json", before: "1.44", adapt: ({ items }) => each(items, addVirtualSize) },
  { endpoint: "GET /images/{name}/json", before: "1.44", adapt: addVirtualSize },
  {
    endpoint: "GET /images/{name}/json",
    before: "1.45",
    adapt: (image) => {
      image["ContainerConfig"] = EMPTY_CONFIG;
      image["Container"] = "";
    },
  },
  { endpoint: "GET /system/df", before: "1.44", adapt: ({ Images }) => each(Images, addVirtualSize) },
  {
    endpoint: "GET /info",
    before: "1.50",
    adapt: (info) => {
      info["BridgeNfIptables"] = false;
      info["BridgeNfIp6tables"] = false;
    },
  },
  {
    endpoint: "GET /info",
    before: "1.42",
    adapt: (info) => {
      info["KernelMemory"] = false;
    },
  },
];

/** The answer as a client of that version expects it. */
export function adaptToVersion(route: Route, version: string, value: unknown): unknown {
  const endpoint = `${route.method} ${route.path}`;
  const shapes = OLDER_SHAPES.filter((shape) => shape.endpoint === endpoint && isOlder(version, shape.before));
  if (shapes.length === 0) return value;
  const copy: unknown = structuredClone(value);
  const answer = Array.isArray(copy) ? { items: copy } : (copy as Record<string, unknown>);
  for (const shape of shapes) shape.adapt(answer);
  return copy;
}
