import type { UpdateRequest } from "../engine/mod.ts";
import type { ContainerCreateRequest, EndpointSettings, HostConfig, MountRequest } from "../spec/mod.ts";
import { bool, duration, fileMode, int, int64, listOf, mapOf, named, opaque, string, struct, uint, uint16, uint64, words, type Shape } from "./json-shape.ts";

/** The body of POST /containers/create (Docker Engine API v1.51, ContainerCreate). */

const strings = listOf(string);
const labels = mapOf(string);

const healthcheck = struct<NonNullable<ContainerCreateRequest["Healthcheck"]>>("container.HealthConfig", {
  Test: strings,
  Interval: duration,
  Timeout: duration,
  StartPeriod: duration,
  StartInterval: duration,
  Retries: int,
});

const weightDevice = struct("blkiodev.WeightDevice", { Path: string, Weight: uint16 });
const throttleDevice = struct("blkiodev.ThrottleDevice", { Path: string, Rate: uint64 });
export const portBinding = struct("nat.PortBinding", { HostIp: string, HostPort: string });
const deviceMapping = struct("container.DeviceMapping", { PathOnHost: string, PathInContainer: string, CgroupPermissions: string });
const deviceRequest = struct("container.DeviceRequest", { Driver: string, Count: int, DeviceIDs: strings, Capabilities: listOf(strings), Options: labels });
const ulimit = struct("units.Ulimit", { Name: string, Soft: int64, Hard: int64 });

const mount = struct<MountRequest>("mount.Mount", {
  Type: named("mount.Type"),
  Source: string,
  Target: string,
  ReadOnly: bool,
  Consistency: named("mount.Consistency"),
  BindOptions: struct("mount.BindOptions", { Propagation: named("mount.Propagation"), NonRecursive: bool, CreateMountpoint: bool, ReadOnlyNonRecursive: bool, ReadOnlyForceRecursive: bool }),
  VolumeOptions: struct<NonNullable<MountRequest["VolumeOptions"]>>("mount.VolumeOptions", {
    NoCopy: bool,
    Labels: labels,
    Subpath: string,
    DriverConfig: struct("mount.Driver", { Name: string, Options: labels }),
  }),
  ImageOptions: struct("mount.ImageOptions", { Subpath: string }),
  TmpfsOptions: struct("mount.TmpfsOptions", { SizeBytes: int64, Mode: fileMode, Options: listOf(strings) }),
  IDMap: strings,
});

/** Limits: what create and update have in common. */
const resources = {
  CpuShares: int64,
  Memory: int64,
  CgroupParent: string,
  BlkioWeight: uint16,
  BlkioWeightDevice: listOf(weightDevice),
  BlkioDeviceReadBps: listOf(throttleDevice),
  BlkioDeviceWriteBps: listOf(throttleDevice),
  BlkioDeviceReadIOps: listOf(throttleDevice),
  BlkioDeviceWriteIOps: listOf(throttleDevice),
  CpuPeriod: int64,
  CpuQuota: int64,
  CpuRealtimePeriod: int64,
  CpuRealtimeRuntime: int64,
  CpusetCpus: string,
  CpusetMems: string,
  Devices: listOf(deviceMapping),
  DeviceCgroupRules: strings,
  DeviceRequests: listOf(deviceRequest),
  KernelMemoryTCP: int64,
  MemoryReservation: int64,
  MemorySwap: int64,
  MemorySwappiness: int64,
  NanoCpus: int64,
  OomKillDisable: bool,
  PidsLimit: int64,
  Ulimits: listOf(ulimit),
  CpuCount: int64,
  CpuPercent: int64,
  IOMaximumIOps: int64,
  IOMaximumBandwidth: int64,
};
const restartPolicy = struct("container.RestartPolicy", { Name: named("container.RestartPolicyMode"), MaximumRetryCount: int });

const hostConfig = struct<HostConfig>("container.HostConfig", {
  ...resources,
  Init: bool,
  Binds: strings,
  ContainerIDFile: string,
  LogConfig: struct("container.LogConfig", { Type: string, Config: labels }),
  NetworkMode: named("container.NetworkMode"),
  PortBindings: mapOf(listOf(portBinding)),
  RestartPolicy: restartPolicy,
  AutoRemove: bool,
  VolumeDriver: string,
  VolumesFrom: strings,
  Mounts: listOf(mount),
  ConsoleSize: listOf(uint),
  Annotations: labels,
  CapAdd: words,
  CapDrop: words,
  CgroupnsMode: named("container.CgroupnsMode"),
  Dns: strings,
  DnsOptions: strings,
  DnsSearch: strings,
  ExtraHosts: strings,
  GroupAdd: strings,
  IpcMode: named("container.IpcMode"),
  Cgroup: named("container.CgroupSpec"),
  Links: strings,
  OomScoreAdj: int,
  PidMode: named("container.PidMode"),
  Privileged: bool,
  PublishAllPorts: bool,
  ReadonlyRootfs: bool,
  SecurityOpt: strings,
  StorageOpt: labels,
  Tmpfs: labels,
  UTSMode: named("container.UTSMode"),
  UsernsMode: named("container.UsernsMode"),
  ShmSize: int64,
  Sysctls: labels,
  Runtime: string,
  Isolation: named("container.Isolation"),
  MaskedPaths: strings,
  ReadonlyPaths: strings,
});

export const endpointSettings = struct<EndpointSettings>("network.EndpointSettings", {
  IPAMConfig: struct("network.EndpointIPAMConfig", { IPv4Address: string, IPv6Address: string, LinkLocalIPs: strings }),
  Links: strings,
  MacAddress: string,
  Aliases: strings,
  DriverOpts: labels,
  GwPriority: int,
  NetworkID: string,
  EndpointID: string,
  Gateway: string,
  IPAddress: string,
  IPPrefixLen: int,
  IPv6Gateway: string,
  GlobalIPv6Address: string,
  GlobalIPv6PrefixLen: int,
  DNSNames: strings,
});

export const createRequest: Shape<ContainerCreateRequest> = struct<ContainerCreateRequest>("container.CreateRequest", {
  Hostname: string,
  Domainname: string,
  User: string,
  AttachStdin: bool,
  AttachStdout: bool,
  AttachStderr: bool,
  ExposedPorts: mapOf(opaque),
  Tty: bool,
  OpenStdin: bool,
  StdinOnce: bool,
  Env: strings,
  Cmd: words,
  Healthcheck: healthcheck,
  ArgsEscaped: bool,
  Image: string,
  Volumes: mapOf(opaque),
  WorkingDir: string,
  Entrypoint: words,
  NetworkDisabled: bool,
  MacAddress: string,
  OnBuild: strings,
  Labels: labels,
  StopSignal: string,
  StopTimeout: int,
  Shell: words,
  HostConfig: hostConfig,
  NetworkingConfig: struct<NonNullable<ContainerCreateRequest["NetworkingConfig"]>>("network.NetworkingConfig", { EndpointsConfig: mapOf(endpointSettings) }),
});

/** The body of POST /containers/{id}/update (ContainerUpdate). */
export const updateRequest: Shape<UpdateRequest> = struct<UpdateRequest>("container.UpdateConfig", { ...resources, RestartPolicy: restartPolicy });
