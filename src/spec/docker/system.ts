import type { Descriptor } from "../oci-image.ts";
import type { HostConfig, EndpointSettings, MountPoint, PortSummary } from "./container.ts";

/** Docker Engine API v1.51: wire types. Fields are optional where a client or an older engine may leave them out. */

export interface SystemInfo {
  ID?: string;
  Containers?: number;
  ContainersRunning?: number;
  ContainersPaused?: number;
  ContainersStopped?: number;
  Images?: number;
  Driver?: string;
  DriverStatus?: string[][];
  DockerRootDir?: string;
  Plugins?: {
    Volume?: string[];
    Network?: string[];
    Authorization?: string[];
    Log?: string[];
  };
  MemoryLimit?: boolean;
  SwapLimit?: boolean;
  KernelMemoryTCP?: boolean;
  CpuCfsPeriod?: boolean;
  CpuCfsQuota?: boolean;
  CPUShares?: boolean;
  CPUSet?: boolean;
  PidsLimit?: boolean;
  OomKillDisable?: boolean;
  IPv4Forwarding?: boolean;
  Debug?: boolean;
  NFd?: number;
  NGoroutines?: number;
  SystemTime?: string;
  LoggingDriver?: string;
  CgroupDriver?: string;
  CgroupVersion?: string;
  NEventsListener?: number;
  KernelVersion?: string;
  OperatingSystem?: string;
  OSVersion?: string;
  OSType?: string;
  Architecture?: string;
  NCPU?: number;
  MemTotal?: number;
  IndexServerAddress?: string;
  RegistryConfig?: {
    InsecureRegistryCIDRs?: string[];
    IndexConfigs?: Record<string, {
      Name?: string;
      Mirrors?: string[];
      Secure?: boolean;
      Official?: boolean;
    }>;
    Mirrors?: string[];
  } | null;
  GenericResources?: Array<{
    NamedResourceSpec?: {
      Kind?: string;
      Value?: string;
    };
    DiscreteResourceSpec?: {
      Kind?: string;
      Value?: number;
    };
  }>;
  HttpProxy?: string;
  HttpsProxy?: string;
  NoProxy?: string;
  Name?: string;
  Labels?: string[];
  ExperimentalBuild?: boolean;
  ServerVersion?: string;
  Runtimes?: Record<string, {
    path?: string;
    runtimeArgs?: string[] | null;
    status?: Record<string, string> | null;
  }>;
  DefaultRuntime?: string;
  Swarm?: {
    NodeID?: string;
    NodeAddr?: string;
    LocalNodeState?: string;
    ControlAvailable?: boolean;
    Error?: string;
    RemoteManagers?: Array<{
      NodeID?: string;
      Addr?: string;
    }> | null;
    Nodes?: number | null;
    Managers?: number | null;
    Cluster?: {
      ID?: string;
      Version?: {
        Index?: number;
      };
      CreatedAt?: string;
      UpdatedAt?: string;
      Spec?: {
        Name?: string;
        Labels?: Record<string, string>;
        Orchestration?: {
          TaskHistoryRetentionLimit?: number;
        } | null;
        Raft?: {
          SnapshotInterval?: number;
          KeepOldSnapshots?: number;
          LogEntriesForSlowFollowers?: number;
          ElectionTick?: number;
          HeartbeatTick?: number;
        };
        Dispatcher?: {
          HeartbeatPeriod?: number;
        } | null;
        CAConfig?: {
          NodeCertExpiry?: number;
          ExternalCAs?: Array<{
            Protocol?: string;
            URL?: string;
            Options?: Record<string, string>;
            CACert?: string;
          }>;
          SigningCACert?: string;
          SigningCAKey?: string;
          ForceRotate?: number;
        } | null;
        EncryptionConfig?: {
          AutoLockManagers?: boolean;
        };
        TaskDefaults?: {
          LogDriver?: {
            Name?: string;
            Options?: Record<string, string>;
          };
        };
      };
      TLSInfo?: {
        TrustRoot?: string;
        CertIssuerSubject?: string;
        CertIssuerPublicKey?: string;
      };
      RootRotationInProgress?: boolean;
      DataPathPort?: number;
      DefaultAddrPool?: string[];
      SubnetSize?: number;
    } | null;
  };
  LiveRestoreEnabled?: boolean;
  Isolation?: string;
  InitBinary?: string;
  ContainerdCommit?: {
    ID?: string;
  };
  RuncCommit?: {
    ID?: string;
  };
  InitCommit?: {
    ID?: string;
  };
  SecurityOptions?: string[];
  ProductLicense?: string;
  DefaultAddressPools?: Array<{
    Base?: string;
    Size?: number;
  }>;
  FirewallBackend?: {
    Driver?: string;
    Info?: string[][];
  } | null;
  DiscoveredDevices?: Array<{
    Source?: string;
    ID?: string;
  }>;
  Warnings?: string[];
  CDISpecDirs?: string[];
  Containerd?: {
    Address?: string;
    Namespaces?: {
      Containers?: string;
      Plugins?: string;
    };
  } | null;
}

export interface SystemVersion {
  Platform?: {
    Name?: string;
  };
  Components?: Array<{
    Name?: string;
    Version?: string;
    Details?: Record<string, unknown> | null;
  }>;
  Version?: string;
  ApiVersion?: string;
  MinAPIVersion?: string;
  GitCommit?: string;
  GoVersion?: string;
  Os?: string;
  Arch?: string;
  KernelVersion?: string;
  Experimental?: boolean;
  BuildTime?: string;
}

export interface SystemDataUsage {
  LayersSize?: number;
  Images?: Array<{
    Id?: string;
    ParentId?: string;
    RepoTags?: string[];
    RepoDigests?: string[];
    Created?: number;
    Size?: number;
    SharedSize?: number;
    Labels?: Record<string, string>;
    Containers?: number;
    Manifests?: Array<{
      ID?: string;
      Descriptor?: Descriptor;
      Available?: boolean;
      Size?: {
        Total?: number;
        Content?: number;
      };
      Kind?: string;
      ImageData?: {
        Platform?: {
          architecture?: string;
          os?: string;
          "os.version"?: string;
          "os.features"?: string[];
          variant?: string;
        } | null;
        Containers?: string[];
        Size?: {
          Unpacked?: number;
        };
      } | null;
      AttestationData?: {
        For?: string;
      } | null;
    }>;
    Descriptor?: Descriptor | null;
  }>;
  Containers?: Array<{
    Id?: string;
    Names?: string[];
    Image?: string;
    ImageID?: string;
    ImageManifestDescriptor?: Descriptor | null;
    Command?: string;
    Created?: number;
    Ports?: PortSummary[];
    SizeRw?: number | null;
    SizeRootFs?: number | null;
    Labels?: Record<string, string>;
    State?: string;
    Status?: string;
    HostConfig?: HostConfig;
    NetworkSettings?: {
      Networks?: Record<string, EndpointSettings>;
    };
    Mounts?: MountPoint[];
  }>;
  Volumes?: Array<{
    Name?: string;
    Driver?: string;
    Mountpoint?: string;
    CreatedAt?: string;
    Status?: Record<string, Record<string, unknown>>;
    Labels?: Record<string, string>;
    Scope?: string;
    ClusterVolume?: {
      ID?: string;
      Version?: {
        Index?: number;
      };
      CreatedAt?: string;
      UpdatedAt?: string;
      Spec?: {
        Group?: string;
        AccessMode?: {
          Scope?: string;
          Sharing?: string;
          MountVolume?: Record<string, unknown>;
          Secrets?: Array<{
            Key?: string;
            Secret?: string;
          }>;
          AccessibilityRequirements?: {
            Requisite?: Array<{
              Segments?: Record<string, string>;
            }>;
            Preferred?: Array<{
              Segments?: Record<string, string>;
            }>;
          };
          CapacityRange?: {
            RequiredBytes?: number;
            LimitBytes?: number;
          };
          Availability?: string;
        };
      };
      Info?: {
        CapacityBytes?: number;
        VolumeContext?: Record<string, string>;
        VolumeID?: string;
        AccessibleTopology?: Array<{
          Segments?: Record<string, string>;
        }>;
      };
      PublishStatus?: Array<{
        NodeID?: string;
        State?: string;
        PublishContext?: Record<string, string>;
      }>;
    };
    Options?: Record<string, string>;
    UsageData?: {
      Size?: number;
      RefCount?: number;
    } | null;
  }>;
  BuildCache?: Array<{
    ID?: string;
    Parents?: string[] | null;
    Type?: string;
    Description?: string;
    InUse?: boolean;
    Shared?: boolean;
    Size?: number;
    CreatedAt?: string;
    LastUsedAt?: string | null;
    UsageCount?: number;
  }>;
}

export interface EventMessage {
  Type?: string;
  Action?: string;
  Actor?: {
    ID?: string;
    Attributes?: Record<string, string>;
  };
  scope?: string;
  time?: number;
  timeNano?: number;
}
