import type { HostConfig, MountRequest } from "../../spec/mod.ts";
import { ComposeError } from "../errors.ts";
import type { FileObject } from "../model/resources.ts";
import type { Mount } from "../model/service.ts";
import type { FileMount } from "../model/build.ts";
import type { Place } from "./place.ts";

/** A file whose content the project knows; it is written into the container before it starts. */
export interface GivenFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * What is mounted: in the older form what that can say, as docker-compose does, so that either finds the other's containers as its own would be.
 */
export function mounts(place: Place): Pick<HostConfig, "Binds" | "Mounts"> {
  const { service } = place;
  const binds = (service.volumes ?? []).flatMap((mount) => bindText(place, mount) ?? []);
  const requests = mountRequests(place);
  return { ...(binds.length > 0 && { Binds: binds }), ...(requests.length > 0 && { Mounts: requests }) };
}

function mountRequests(place: Place): MountRequest[] {
  const { service } = place;
  const all = (service.volumes ?? []).map((mount) => ({ mount, request: mountRequest(place, mount) }));
  const own = all.map(({ request }) => request);
  const files = [...objectMounts(place, "secrets"), ...objectMounts(place, "configs")];
  const taken = new Set([...own, ...files].map(({ Target }) => Target));
  const newer = all.filter(({ mount }) => bindText(place, mount) === undefined).map(({ request }) => request);
  return [...newer, ...inheritedVolumes(place).filter(({ Target }) => !taken.has(Target)), ...files];
}

/** `source:target:mode`; undefined for what has options that it cannot say. */
function bindText(place: Place, { type = "volume", source, target = "", read_only, consistency, bind = {}, volume = {} }: Mount): string | undefined {
  const mode = read_only ? "ro" : "rw";
  if (source === undefined || consistency !== undefined) return undefined;
  if (type === "bind" && bind.create_host_path && bind.propagation === undefined && bind.recursive === undefined) return `${source}:${target}:${[mode, ...(bind.selinux === undefined ? [] : [bind.selinux])].join(",")}`;
  if (type === "volume" && !volume.nocopy && volume.labels === undefined && volume.subpath === undefined) return `${place.volumeName(source)}:${target}:${mode}`;
  return undefined;
}

function mountRequest(place: Place, mount: Mount): MountRequest {
  const { type = "volume", source, target = "", read_only, consistency, bind, volume, tmpfs, image } = mount;
  const common: MountRequest = { Type: type, Target: target, ...(read_only && { ReadOnly: true }), ...(consistency !== undefined && { Consistency: consistency }) };
  switch (type) {
    case "bind":
      return { ...common, Source: source ?? "", BindOptions: bindOptions(bind ?? {}) };
    case "tmpfs":
      return { ...common, ...(tmpfs && { TmpfsOptions: { ...(tmpfs.size !== undefined && { SizeBytes: tmpfs.size }), ...(tmpfs.mode !== undefined && { Mode: tmpfs.mode }) } }) };
    case "image":
      return { ...common, Source: source ?? "", ...(image?.subpath !== undefined && { ImageOptions: { Subpath: image.subpath } }) };
    case "volume":
      return { ...common, ...volumeSource(place, source, target), VolumeOptions: { ...(volume?.nocopy && { NoCopy: true }), ...(volume?.labels && { Labels: volume.labels }), ...(volume?.subpath !== undefined && { Subpath: volume.subpath }) } };
    default:
      return { ...common, ...(source !== undefined && { Source: source }) };
  }
}

function bindOptions({ propagation, create_host_path, recursive }: NonNullable<Mount["bind"]>): NonNullable<MountRequest["BindOptions"]> {
  return {
    ...(propagation !== undefined && { Propagation: propagation }),
    ...(create_host_path && { CreateMountpoint: true }),
    ...(recursive === "disabled" && { NonRecursive: true }),
    ...(recursive === "writable" && { ReadOnlyNonRecursive: true }),
    ...(recursive === "readonly" && { ReadOnlyForceRecursive: true }),
  };
}

/** A volume without a name is the one that the container before had there. */
function volumeSource(place: Place, source: string | undefined, target: string): { Source?: string } {
  if (source !== undefined) return { Source: place.volumeName(source) };
  const before = place.inherited.find(({ Type, Destination }) => Type === "volume" && Destination === target);
  return before?.Name ? { Source: before.Name } : {};
}

/** What the image declares as a volume keeps what is in it. */
function inheritedVolumes({ inherited, imageVolumes }: Place): MountRequest[] {
  return inherited
    .filter(({ Type, Name, Destination }) => Type === "volume" && Name !== undefined && Destination !== undefined && imageVolumes.includes(Destination))
    .map(({ Name = "", Destination = "", RW }) => ({ Type: "volume", Source: Name, Target: Destination, ...(RW === false && { ReadOnly: true }) }));
}

type Kind = "secrets" | "configs";

function objectMounts(place: Place, kind: Kind): MountRequest[] {
  return objects(place, kind).flatMap(({ object, path }) => (object.file === undefined ? [] : [{ Type: "bind", Source: object.file, Target: path, ReadOnly: true, ...(kind === "secrets" && { BindOptions: {} }) }]));
}

/** Secrets and configs whose content is in the project or its environment. @throws ComposeError for a variable that is not set */
export function givenFiles(place: Place): GivenFile[] {
  return (["secrets", "configs"] as const).flatMap((kind) =>
    objects(place, kind).flatMap(({ name, object, path, mount }) => {
      if (object.file !== undefined) return [];
      const content = object.content ?? valueOf(place, kind, name, object);
      return [{ path, content, mode: mount.mode ?? 0o444, uid: Number(mount.uid ?? 0) || 0, gid: Number(mount.gid ?? 0) || 0 }];
    }),
  );
}

function valueOf({ project }: Place, kind: Kind, name: string, { environment, external }: FileObject): string {
  if (external) throw new ComposeError(`unsupported external ${kind === "secrets" ? "secret" : "config"} ${name}`, { path: `${kind}.${name}.external`, fix: "give it a file, an environment variable or its content" });
  const value = environment === undefined ? undefined : project.environment.get(environment);
  if (value === undefined) throw new ComposeError(`environment variable ${JSON.stringify(environment ?? "")} required by ${kind === "secrets" ? "secret" : "config"} ${JSON.stringify(name)} is not set`, { path: `${kind}.${name}.environment` });
  return value;
}

function objects({ project, service }: Place, kind: Kind): { name: string; object: FileObject; path: string; mount: FileMount }[] {
  return (service[kind] ?? []).map((mount) => {
    const name = mount.source ?? "";
    const object = project[kind][name];
    if (!object) throw new ComposeError(`service ${JSON.stringify(service.name)} refers to undefined ${kind === "secrets" ? "secret" : "config"} ${name}: invalid compose project`);
    const target = mount.target ?? name;
    const path = target.startsWith("/") ? target : kind === "secrets" ? `/run/secrets/${target}` : `/${target}`;
    return { name, object, path, mount };
  });
}
