/** A body that every endpoint with one takes, using as many of its fields as go together: what the odd ones grow from. */
export const VALID_BODIES: Readonly<Record<string, (image: string) => unknown>> = {
  "POST /containers/create": (Image) => ({
    Image, Hostname: "h", Domainname: "d", User: "0:0", AttachStdin: false, AttachStdout: true, AttachStderr: true, ExposedPorts: { "80/tcp": {} }, Tty: false, OpenStdin: false, StdinOnce: false,
    Env: ["A=b", "C"], Cmd: ["true"], Entrypoint: ["/bin/sh"], WorkingDir: "/tmp", Labels: { a: "b" }, Volumes: { "/v": {} }, StopSignal: "TERM", StopTimeout: 1, Shell: ["/bin/sh", "-c"], MacAddress: "02:42:ac:11:00:09",
    Healthcheck: { Test: ["CMD", "true"], Interval: 1e9, Timeout: 1e9, Retries: 1, StartPeriod: 1e9, StartInterval: 1e9 },
    HostConfig: {
      Binds: ["/tmp:/b:ro"], Mounts: [{ Type: "tmpfs", Target: "/m", TmpfsOptions: { SizeBytes: 4096, Mode: 448, Options: [["noexec"]] } }, { Type: "volume", Target: "/w", VolumeOptions: { NoCopy: true, Labels: { a: "b" }, DriverConfig: { Name: "local", Options: {} } } }, { Type: "bind", Source: "/tmp", Target: "/c", BindOptions: { Propagation: "rprivate", NonRecursive: true } }],
      Tmpfs: { "/t": "size=1m" }, VolumesFrom: [], NetworkMode: "none", IpcMode: "private", PidMode: "", UTSMode: "", UsernsMode: "", CgroupnsMode: "host", Cgroup: "", Isolation: "", Runtime: "", LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
      RestartPolicy: { Name: "on-failure", MaximumRetryCount: 1 }, AutoRemove: false, PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] }, PublishAllPorts: false, CapAdd: ["NET_ADMIN"], CapDrop: ["CHOWN"], Dns: ["1.1.1.1"], DnsOptions: ["ndots:1"], DnsSearch: ["x"], ExtraHosts: ["a:1.1.1.1"], GroupAdd: ["1"], Links: [],
      OomScoreAdj: 1, Privileged: false, ReadonlyRootfs: false, SecurityOpt: ["no-new-privileges", "seccomp=unconfined"], ShmSize: 65536, Sysctls: { "kernel.msgmax": "8192" }, StorageOpt: {}, Annotations: { a: "b" }, Init: false, ConsoleSize: [1, 1], ContainerIDFile: "", VolumeDriver: "",
      Memory: 64e6, MemorySwap: 64e6, MemoryReservation: 32e6, MemorySwappiness: -1, CpuShares: 2, CpuPeriod: 100000, CpuQuota: 50000, CpusetCpus: "0", CpusetMems: "0", PidsLimit: 10, BlkioWeight: 0, BlkioWeightDevice: [], BlkioDeviceReadBps: [],
      Devices: [{ PathOnHost: "/dev/null", PathInContainer: "/dev/x", CgroupPermissions: "rwm" }], DeviceCgroupRules: ["c 1:3 rwm"], DeviceRequests: [{ Driver: "cdi", Count: 0, DeviceIDs: [], Capabilities: [["gpu"]], Options: {} }], Ulimits: [{ Name: "nofile", Soft: 10, Hard: 20 }], MaskedPaths: ["/proc/kcore"], ReadonlyPaths: ["/proc/sys"], CgroupParent: "",
    },
    NetworkingConfig: { EndpointsConfig: { none: { IPAMConfig: { LinkLocalIPs: ["169.254.1.1"] }, DriverOpts: { a: "b" }, GwPriority: 1, MacAddress: "" } } },
  }),
  "POST /containers/{id}/exec": () => ({ AttachStdin: true, AttachStdout: true, AttachStderr: true, DetachKeys: "ctrl-p,ctrl-q", Tty: false, Env: ["A=b"], Cmd: ["true"], Privileged: false, User: "0", WorkingDir: "/tmp", ConsoleSize: [24, 80] }),
  "POST /exec/{id}/start": () => ({ Detach: true, Tty: false, ConsoleSize: [24, 80] }),
  "POST /containers/{id}/update": () => ({ Memory: 128e6, MemorySwap: -1, CpuShares: 10, CpuPeriod: 100000, CpuQuota: 10000, CpusetCpus: "0", PidsLimit: 100, BlkioWeight: 0, RestartPolicy: { Name: "no", MaximumRetryCount: 0 } }),
  "POST /volumes/create": () => ({ Name: "fuzzed", Driver: "local", DriverOpts: {}, Labels: { a: "b" } }),
  "POST /networks/create": () => ({ Name: "n", Driver: "bridge", Internal: true, Attachable: false, EnableIPv6: false, IPAM: { Driver: "default", Config: [{ Subnet: "10.99.0.0/24", Gateway: "10.99.0.1" }], Options: {} }, Options: { a: "b" }, Labels: {} }),
  "POST /networks/{id}/connect": () => ({ Container: "x", EndpointConfig: { Aliases: ["a"], IPAMConfig: { IPv4Address: "10.99.0.2" } } }),
  "POST /networks/{id}/disconnect": () => ({ Container: "x", Force: true }),
  "POST /commit": () => ({ Cmd: ["true"], Env: ["A=b"], Labels: { a: "b" }, ExposedPorts: { "80/tcp": {} }, Volumes: { "/v": {} }, WorkingDir: "/", Entrypoint: ["x"], User: "0", StopSignal: "TERM" }),
  "POST /auth": () => ({ username: "u", password: "p", serveraddress: "localhost:1" }),
  // Values of other settings could name files of this machine.
  "POST /hako/registry/start": () => ({ Settings: { addr: "127.0.0.1:0", pages: "false" } }),
  "POST /hako/containers/{id}/labels": () => ({ add: { a: "b" }, remove: ["c"], Add: { a: "b" }, Remove: ["c"] }),
};
