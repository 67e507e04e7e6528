/** Who reaches a container's ports, and through what (GET /hako/containers/{id}/reach). */
export interface Reach {
  Id: string;
  Name: string;
  Running: boolean;
  /** Docker's NetworkMode. */
  Mode: string;
  Networks: ReachNetwork[];
  Ports: ReachPort[];
  /** Sentences: what on this host stands in the way. */
  Warnings: string[];
}

export interface ReachNetwork {
  Name: string;
  Driver: string;
  Internal: boolean;
  /** Its containers reach each other. */
  Talking: boolean;
  /** Hosts with a route to it reach ports that are not published. */
  Open: boolean;
  /** "" without one. */
  IPv4: string;
  IPv6: string;
}

export interface ReachPort {
  /** `80/tcp` */
  Port: string;
  /** Where a program in the container listens; `unknown` when nobody can tell. */
  Listens: "everywhere" | "loopback" | "nowhere" | "unknown";
  Ways: ReachWay[];
}

export interface ReachWay {
  HostIp: string;
  /** 0: nothing of the host's, it is reached at its own address. */
  HostPort: number;
  Target: string;
  /** `kernel`: packets are led there, also while no engine runs. `engine`: it passes bytes on. `nobody`: the port is only kept. */
  By: "kernel" | "engine" | "nobody";
  /** The element that leads there, as nft(8) writes it; "" when no element does. */
  Element: string;
}
