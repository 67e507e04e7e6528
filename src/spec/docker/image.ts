import type { Descriptor, HealthConfig } from "../oci-image.ts";
import type { DriverData } from "./container.ts";

/** Docker Engine API v1.51: wire types. Fields are optional where a client or an older engine may leave them out. */

export interface ImageSummary {
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
}

export interface ImageInspect {
  Id?: string;
  Descriptor?: Descriptor | null;
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
  }> | null;
  RepoTags?: string[];
  RepoDigests?: string[];
  Parent?: string;
  Comment?: string;
  Created?: string | null;
  DockerVersion?: string;
  Author?: string;
  Config?: {
    User?: string;
    ExposedPorts?: Record<string, Record<string, unknown>> | null;
    Env?: string[];
    Cmd?: string[];
    Healthcheck?: HealthConfig;
    ArgsEscaped?: boolean | null;
    Volumes?: Record<string, Record<string, unknown>>;
    WorkingDir?: string;
    Entrypoint?: string[];
    OnBuild?: string[] | null;
    Labels?: Record<string, string>;
    StopSignal?: string | null;
    Shell?: string[] | null;
  };
  Architecture?: string;
  Variant?: string | null;
  Os?: string;
  OsVersion?: string | null;
  Size?: number;
  GraphDriver?: DriverData;
  RootFS?: {
    Type?: string;
    Layers?: string[];
  };
  Metadata?: {
    LastTagTime?: string | null;
  };
}

export interface ImageHistoryItem {
  Id?: string;
  Created?: number;
  CreatedBy?: string;
  Tags?: string[];
  Size?: number;
  Comment?: string;
}
